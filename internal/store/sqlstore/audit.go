package sqlstore

import "carillon.dev/carillon/internal/store"

// Audit gives access to the rows of store.Audit.
func (t *Tx) Audit() store.Audit { return audit{Tx: t} }

type audit struct {
	*Tx
	store.Audit
}
