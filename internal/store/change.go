package store

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
)

// Topic is a kind of change that live views and loops wait for. It carries no ids of rows: who hears it reads again.
type Topic string

const (
	TopicOrgs          Topic = "orgs" // organizations, locations, users; stop-all and holds
	TopicPeople        Topic = "people"
	TopicConsents      Topic = "consents" // includes opt-outs
	TopicVisits        Topic = "visits"
	TopicMessages      Topic = "messages" // any state of a message
	TopicDue           Topic = "due"      // something was queued: wakes sender loops
	TopicRoutes        Topic = "routes"
	TopicConversations Topic = "conversations"
	TopicJourneys      Topic = "journeys"
	TopicTasks         Topic = "tasks"
	TopicImports       Topic = "imports"
	TopicIncidents     Topic = "incidents" // incidents and test texts
	TopicAudiences     Topic = "audiences"
)

// Change is one topic of one organization. A Change without a topic means that changes may have been missed
// (the listener was away): read everything again.
type Change struct {
	Org   id.ID
	Topic Topic
}

// Subscription collects changes until they are taken, each distinct one once, so that it never grows with traffic.
type Subscription interface {
	// Next waits for at least one change and takes all there are. It ends with ctx or after Close.
	Next(ctx context.Context) ([]Change, error)
	// Live reports whether changes of other nodes reach this one now; always true on SQLite. Who must not act on
	// stale facts (a sender and opt-outs) stops while it is false.
	Live() bool
	Close()
}
