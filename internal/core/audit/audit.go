// Package audit holds the events that prove what was done by whom, in a form that never changes: canonical
// bytes with a version, free of anything about a patient but ids. It refuses to hold texts or names.
package audit

import (
	"encoding/binary"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
)

// Event is one line of the audit log. Object is what was touched; Detail is an enum or a count such as
// "rows=500 digest=…", never a name, number or text.
type Event struct {
	ID     id.ID
	Org    id.ID
	At     time.Time
	Actor  access.ActorKind
	By     id.ID  // user or key
	Name   string // job or command
	Action string // "consent.record", "message.batch", "import.apply", …
	Kind   string // kind of object: "person", "appointment", …
	Object id.ID
	Detail string
}

// version of the canonical form: a reader of an old log needs it for ever.
const version = 1

// Canonical is the fixed encoding: version byte, 16-byte ids, time in microseconds UTC big-endian, then each
// text as a two-byte length and its bytes. Texts longer than 65,535 bytes are cut there.
func (e Event) Canonical() []byte {
	b := make([]byte, 0, 128)
	b = append(b, version)
	b = append(b, e.ID[:]...)
	b = append(b, e.Org[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	b = append(b, e.By[:]...)
	b = append(b, e.Object[:]...)
	for _, s := range []string{string(e.Actor), e.Name, e.Action, e.Kind, e.Detail} {
		if len(s) > 0xffff {
			s = s[:0xffff]
		}
		b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	return b
}

// Of starts an event by the scope's actor.
func Of(s access.Scope, at time.Time, action, kind string, object id.ID, detail string) Event {
	return Event{ID: id.New(), Org: s.Org(), At: at, Actor: s.Actor().Kind(), By: s.Actor().ID(),
		Name: s.Actor().Name(), Action: action, Kind: kind, Object: object, Detail: detail}
}
