package store

// Messages keeps messages with their attempts and receipts.
type Messages interface{}
