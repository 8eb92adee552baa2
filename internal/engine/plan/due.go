package plan

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// DueList is a page of what is due, by due time.
type DueList struct {
	Futures []Future
	// Next is the cursor of the following page; empty at the end.
	Next string
	// Counts are all texts that are due between each two of the edges that were asked for.
	Counts []int
}

// Due pages through the texts that are due at a site between the first and the last of the edges, whenever their visits
// are, with what would become of each; a zero site is every site. The counts are of everything, not of the page.
func (p *Planner) Due(ctx context.Context, scope access.Scope, site id.ID, edges []time.Time, after string, limit int) (DueList, error) {
	var l DueList
	if !scope.Allows(access.ReadMessages) {
		return l, forbidden()
	}
	var coming []store.ComingText
	var drafts []store.Draft
	err := p.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		if l.Counts, err = tx.Messages().CountComing(ctx, site, edges); err != nil {
			return err
		}
		if coming, err = tx.Messages().ComingTexts(ctx, site, edges[0], edges[len(edges)-1], markOf(after), limit+1); err != nil {
			return err
		}
		if len(coming) > limit {
			coming = coming[:limit]
			l.Next = markText(coming[limit-1].ComingMark)
		}
		var written []id.ID
		for _, c := range coming {
			written = append(written, c.Message)
		}
		drafts, err = tx.Messages().ByIDs(ctx, distinct(written))
		return err
	})
	if err != nil {
		return l, err
	}
	var visits []id.ID
	for _, c := range coming {
		visits = append(visits, c.Visit)
	}
	fs, err := p.project(ctx, scope, distinct(visits))
	for i := range coming {
		if f, ok := foretold(&coming[i], fs, drafts); ok {
			l.Futures = append(l.Futures, f)
		}
	}
	return l, err
}

// foretold is what would become of one text to come: as the projection of its visit says, and for a message of no journey
// as it waits. False: it is gone since it was listed.
func foretold(c *store.ComingText, fs []Future, drafts []store.Draft) (Future, bool) {
	i := slices.IndexFunc(fs, func(f Future) bool {
		if !c.Message.IsZero() {
			return f.Message == c.Message
		}
		return f.Message.IsZero() && f.Visit == c.Visit && f.Step == c.Step && f.Skip == ""
	})
	if i >= 0 {
		return fs[i], true
	}
	k := slices.IndexFunc(drafts, func(d store.Draft) bool { return d.ID == c.Message })
	if k < 0 {
		return Future{}, false
	}
	d := &drafts[k]
	f := Future{Person: d.Person, Visit: d.Appointment, Step: d.Origin.Step, Message: d.ID, State: d.State, Due: d.DueAt, Expires: d.ExpiresAt,
		Says: d.State, Draft: *d}
	if d.State != message.Queued {
		f.Why = d.Reason
	}
	return f, true
}

// markText writes a place in the list for a cursor; markOf reads it, and takes what it does not understand for the
// beginning.
func markText(m store.ComingMark) string {
	return fmt.Sprintf("%d.%s.%s", m.Due.UnixMicro(), m.ID, m.Step)
}

func markOf(text string) (m store.ComingMark) {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) < 3 {
		return m
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return m
	}
	of, err := id.Parse(parts[1])
	if err != nil {
		return m
	}
	return store.ComingMark{Due: time.UnixMicro(at), ID: of, Step: parts[2]}
}
