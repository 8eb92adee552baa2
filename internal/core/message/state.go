package message

// State is where a message is.
type State string

const (
	Planned     State = "planned"
	Held        State = "held"
	Queued      State = "queued"
	Sending     State = "sending"
	Accepted    State = "accepted"
	Delivered   State = "delivered"
	Undelivered State = "undelivered"
	Unknown     State = "unknown"
	Failed      State = "failed"
	Expired     State = "expired"
	Refused     State = "refused"
	Cancelled   State = "cancelled"
)

// States lists every state in the order of a message's life.
func States() []State {
	return []State{Planned, Held, Queued, Sending, Accepted, Delivered, Undelivered, Unknown,
		Failed, Expired, Refused, Cancelled}
}

// moves is the whole table; what is not here may not happen. sending -> queued only after a definite "not
// accepted"; unknown -> queued by the purpose's policy and once; undelivered, expired and failed ->
// delivered because a late receipt wins.
var moves = map[State][]State{
	Planned:     {Held, Refused, Queued, Cancelled},
	Held:        {Queued, Refused, Cancelled},
	Queued:      {Sending, Held, Refused, Cancelled, Expired},
	Sending:     {Accepted, Failed, Unknown, Queued},
	Unknown:     {Accepted, Delivered, Undelivered, Queued},
	Accepted:    {Delivered, Undelivered, Expired},
	Undelivered: {Delivered},
	Expired:     {Delivered},
	Failed:      {Delivered},
}

// MayBecome reports whether a message in state s may move to next.
func (s State) MayBecome(next State) bool {
	for _, m := range moves[s] {
		if m == next {
			return true
		}
	}
	return false
}

// HandedOver reports whether a carrier has, or may have, the text.
func (s State) HandedOver() bool {
	switch s {
	case Sending, Accepted, Delivered, Undelivered, Unknown:
		return true
	}
	return false
}

// Settled reports whether nothing is expected to happen any more but a late receipt.
func (s State) Settled() bool {
	switch s {
	case Delivered, Undelivered, Failed, Expired, Refused, Cancelled:
		return true
	}
	return false
}
