package sqlstore

import "carillon.dev/carillon/internal/store"

// Imports gives access to the rows of store.Imports.
func (t *Tx) Imports() store.Imports { return imports{Tx: t} }

// Embedding the contract lets it grow before its rows exist; whoever fills it removes that line.
type imports struct {
	*Tx
	store.Imports
}
