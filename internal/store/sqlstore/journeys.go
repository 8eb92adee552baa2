package sqlstore

import "carillon.dev/carillon/internal/store"

// Journeys gives access to the rows of store.Journeys.
func (t *Tx) Journeys() store.Journeys { return journeys{Tx: t} }

// Embedding the contract lets it grow before its rows exist; whoever fills it removes that line.
type journeys struct {
	*Tx
	store.Journeys
}
