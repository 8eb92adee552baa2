package sqlstore

import "carillon.dev/carillon/internal/store"

// Users gives access to the rows of store.Users.
func (t *Tx) Users() store.Users { return users{Tx: t} }

type users struct {
	*Tx
	store.Users
}
