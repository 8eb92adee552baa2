package store

// Journeys keeps templates, journey definitions and enrollments.
type Journeys interface{}
