package sqlstore

import "carillon.dev/carillon/internal/store"

// Tasks gives access to the rows of store.Tasks.
func (t *Tx) Tasks() store.Tasks { return tasks{Tx: t} }

// Embedding the contract lets it grow before its rows exist; whoever fills it removes that line.
type tasks struct {
	*Tx
	store.Tasks
}
