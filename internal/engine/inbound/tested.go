package inbound

import (
	"context"

	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/fold"
)

// recentTests is how many of a phone's last test texts an answer may belong to: a late one is nothing to read either.
const recentTests = 5

// tested takes the code of a test text that came back from a test phone: it shows that answers arrive, and nobody needs
// to read it. Whatever else such a phone writes, STOP above all, is read as from anybody.
func (a *acting) tested(ctx context.Context) (bool, error) {
	runs, err := a.tx.SelfTests().RunsAt(ctx, a.w.point.ID, recentTests)
	if err != nil || len(runs) == 0 {
		return false, err
	}
	said := fold.Key(a.in.Text.Reveal())
	for i := range runs {
		if said != fold.Key(runs[i].Code) {
			continue
		}
		a.in.Outcome, a.in.Intent, a.in.OptOut = conversation.Tested, "", ""
		_, err := a.tx.SelfTests().Replied(ctx, runs[i].ID, a.machine.Now())
		return true, err
	}
	return false, nil
}
