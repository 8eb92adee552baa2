package store

// Imports keeps uploads, their progress and what they wrote.
type Imports interface{}
