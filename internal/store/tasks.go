package store

// Tasks keeps what waits for a person: call list, staff tasks.
type Tasks interface{}
