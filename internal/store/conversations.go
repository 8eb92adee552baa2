package store

// Conversations keeps inbound texts and conversations.
type Conversations interface{}
