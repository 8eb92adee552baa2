package sqlstore

import "carillon.dev/carillon/internal/store"

// Consents gives access to the rows of store.Consents.
func (t *Tx) Consents() store.Consents { return consents{Tx: t} }

type consents struct {
	*Tx
	store.Consents
}
