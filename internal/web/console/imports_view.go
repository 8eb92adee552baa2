package console

import (
	"context"
	"net/http"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/plan"
)

// importView is one import with what there is to see and to decide in its state.
type importView struct {
	feed.Import
	Going    bool
	Far      int
	Problems []feed.Problem
	Preview  preview
	Held     plan.Held
	Absent   []schedule.Appointment   // of a file of all visits: what it does not have
	Kept     []feed.Write             // what an undo left alone
	Who      map[id.ID]patient.Person // of the samples, the absent visits and what was kept
}

// shownProblems is how many lines of the report a page shows; the rest is in the download.
const shownProblems = 50

func (c *Console) oneImport(w http.ResponseWriter, r *http.Request, p *Page) {
	imported, err := pathID(r, "id")
	var v importView
	if err == nil {
		v, err = c.importView(r.Context(), p, imported)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, importPage(p, v))
}

func (c *Console) importView(ctx context.Context, p *Page, imported id.ID) (v importView, err error) {
	if v.Import, err = c.need.Imports.Get(ctx, p.Scope, imported); err != nil {
		return v, err
	}
	v.Far, v.Going = c.works.far(imported)
	if v.Going {
		return v, nil
	}
	if err = c.previewed(ctx, p, &v); err != nil {
		return v, err
	}
	if v.Counts.Bad > 0 {
		v.Problems, err = c.need.Imports.Problems(ctx, p.Scope, imported, 0, shownProblems)
		if err != nil {
			return v, err
		}
	}
	if v.Import.Held {
		return v, c.heldBy(ctx, p, &v)
	}
	return v, c.listed(ctx, p, &v)
}

// previewed shows how a file would be read to those who may say so, while the file is here. One that could not be
// read can be read another way.
func (c *Console) previewed(ctx context.Context, p *Page, v *importView) error {
	waits := v.State == feed.Uploaded || v.State == feed.Checked || v.State == feed.Rejected
	if !waits || !p.Allows(access.ImportFiles) {
		return nil
	}
	head, err := c.need.Imports.Head(ctx, p.Scope, v.ID)
	if errs.Is(err, errs.NotFound) {
		return nil // its day is over
	}
	if err == nil {
		v.Preview = previewOf(head, v.Import)
	}
	return err
}

// listed reads the rows that a person must see: visits that would be cancelled, and rows that an undo left alone.
func (c *Console) listed(ctx context.Context, p *Page, v *importView) (err error) {
	var who []id.ID
	switch {
	case v.State == feed.Checked && v.Counts.Absent > 0 && v.Preview.Ready:
		v.Absent, err = c.need.Imports.Absent(ctx, p.Scope, v.ID)
		for _, a := range v.Absent {
			who = append(who, a.Person)
		}
	case v.State == feed.Undone && v.Counts.Kept > 0:
		v.Kept, err = c.need.Imports.Kept(ctx, p.Scope, v.ID, 0, shownProblems)
		for _, x := range v.Kept {
			who = append(who, x.Person)
		}
	}
	if err == nil && len(who) > 0 {
		v.Who, err = c.need.Desk.People(ctx, p.Scope, who)
	}
	return err
}

// heldBy reads what a release would let go.
func (c *Console) heldBy(ctx context.Context, p *Page, v *importView) (err error) {
	if v.Held, err = c.need.Plan.HeldBy(ctx, p.Scope, v.ID); err != nil {
		return err
	}
	ids := make([]id.ID, len(v.Held.Samples))
	for i, f := range v.Held.Samples {
		ids[i] = f.Person
	}
	v.Who, err = c.need.Desk.People(ctx, p.Scope, ids)
	return err
}
