package sqlstore

import "carillon.dev/carillon/internal/store"

// Conversations gives access to the rows of store.Conversations.
func (t *Tx) Conversations() store.Conversations { return conversations{Tx: t} }

// Embedding the contract lets it grow before its rows exist; whoever fills it removes that line.
type conversations struct {
	*Tx
	store.Conversations
}
