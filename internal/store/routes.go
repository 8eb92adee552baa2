package store

// Routes keeps routes, senders and inbound numbers.
type Routes interface{}
