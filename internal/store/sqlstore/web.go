package sqlstore

import "carillon.dev/carillon/internal/store"

// Web gives access to the rows of store.Web.
func (t *Tx) Web() store.Web { return web{Tx: t} }

// Embedding the contract lets it grow before its rows exist; whoever fills it removes that line.
type web struct {
	*Tx
	store.Web
}
