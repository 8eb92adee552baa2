package store

// Web keeps idempotent responses and what else the faces keep.
type Web interface{}
