package sqlstore

import "carillon.dev/carillon/internal/store"

// People gives access to the rows of store.People.
func (t *Tx) People() store.People { return people{Tx: t} }

type people struct {
	*Tx
	store.People
}
