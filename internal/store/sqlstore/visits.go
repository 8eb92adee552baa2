package sqlstore

import "carillon.dev/carillon/internal/store"

// Visits gives access to the rows of store.Visits.
func (t *Tx) Visits() store.Visits { return visits{Tx: t} }

type visits struct {
	*Tx
	store.Visits
}
