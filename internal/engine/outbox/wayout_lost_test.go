package outbox_test

import (
	"context"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

func TestANumberWhoseFirstTextWasLostIsToldByTheNext(t *testing.T) {
	t.Parallel()
	for _, end := range []message.State{message.Undelivered, message.Expired} {
		d := setup(t)
		ask := func() store.Draft {
			a := d.standing()
			a.Flags = 0
			p := d.prepare(a)[0]
			d.insert(p)
			return p.Draft
		}
		first := ask()
		d.leaves(first.ID)
		second := ask() // planned while the first seemed to have told
		d.write(func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Messages().Receipted(ctx, []store.Receipted{{Part: store.Part{Message: first.ID}, Route: d.route.ID, State: end, At: noon}})
			return err
		})
		_, ok, err := d.outbox.Standing(context.Background(), d.scope, []store.Draft{d.get(second.ID)})
		if err != nil {
			t.Fatal(err)
		}
		if ok[0] && !strings.Contains(d.get(second.ID).Body.Reveal(), "STOP") {
			t.Errorf("%s: the only text that reaches the number leaves by its record and does not say how to stop", end)
		}
		if third := ask(); !strings.Contains(third.Body.Reveal(), "STOP") {
			t.Errorf("%s by the carrier's receipt: a text planned afterwards does not say how to stop either", end)
		}
	}
}
