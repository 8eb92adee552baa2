package send

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

func TestATextForASimulatorNeverMovesToARealLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, moves bool }{
		"simulator to real line": {from: true, to: false, moves: false}, "simulator to simulator": {from: true, to: true, moves: true},
		"real line to real line": {from: false, to: false, moves: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was := store.Route{ID: id.New(), Channel: patient.SMS, State: store.RouteOpen, Simulator: c.from, Rank: 1}
			other := store.Route{ID: id.New(), Channel: patient.SMS, State: store.RouteOpen, Simulator: c.to, Rank: 2}
			book := route.NewBook([]store.Route{was, other}, []store.Sender{{ID: id.New(), Route: was.ID, Address: "48700", TwoWay: true},
				{ID: id.New(), Route: other.ID, Address: "48701", TwoWay: true}})
			now := time.Now()
			d := store.Draft{Message: message.Message{ID: id.New(), Route: was.ID, Channel: patient.SMS, Purpose: purpose.Emergency, LeasedAt: now, SentAt: now}}
			if got := reroutes(book, []store.Draft{d}, map[id.ID]bool{was.ID: true}); (len(got) == 1) != c.moves {
				t.Errorf("a line that is down: %+v", got)
			}
			if v, due := policy(&d, book, now, now); due != c.moves || due && v.Route != other.ID {
				t.Errorf("an unknown outcome: %+v, %v", v, due)
			}
		})
	}
}
