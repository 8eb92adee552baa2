// Package audience finds out who is meant and how they can be reached: it saves rules and uploaded lists in
// versions, evaluates a rule over everybody, page by page on all cores, asks the gate about each person that matches,
// and turns those whom no text reaches into calls and letters. It opens one sealed value for each person and keeps
// none. It refuses to send, and to leave anybody out without a reason that is counted.
package audience

import (
	"context"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Reacher asks the gate about people; *outbox.Outbox is one.
type Reacher interface {
	// Reach answers in the order of people, on the facts of the transaction.
	Reach(ctx context.Context, tx store.Tx, people []id.ID, p purpose.Purpose) ([]outbox.Reach, error)
}

// Service keeps and evaluates audiences. It is safe for concurrent use.
type Service struct {
	store    store.Store
	reach    Reacher
	machine  clock.Clock
	language *audience.Language
}

// New makes the service. machine is the machine's clock: it says when a count was last heard of.
func New(s store.Store, r Reacher, machine clock.Clock) (*Service, error) {
	l, err := audience.NewLanguage()
	return &Service{store: s, reach: r, machine: machine, language: l}, err
}

// may is leave for a use-case: counting and listing people needs leave to read them.
func may(scope access.Scope, actions ...access.Action) error {
	for _, a := range actions {
		if !scope.Allows(a) {
			return errs.New(errs.Forbidden, "your role does not allow this")
		}
	}
	return nil
}

// note leaves the audit row of what was done.
func note(ctx context.Context, tx store.Tx, action string, object id.ID, detail string) error {
	return tx.Audit().Record(ctx, audit.Of(tx.Scope(), tx.Now(), action, "audience", object, detail))
}

// world reads what is the same for everybody.
func world(ctx context.Context, tx store.Tx) (*audience.World, error) {
	w := &audience.World{Now: tx.Now(), Sites: map[id.ID]audience.Site{},
		Names: audience.Names{Locations: map[string][]id.ID{}, Types: map[string][]id.ID{}, Lists: map[string]audience.List{}}}
	places, err := tx.Audiences().Places(ctx)
	if err != nil {
		return nil, err
	}
	at := map[id.ID]*audience.Coord{}
	var areas []audience.Area
	for _, p := range places {
		if p.Location.IsZero() {
			areas = append(areas, p.Area)
		} else {
			at[p.Location] = &p.Area.At
		}
	}
	w.Areas = audience.NewAreas(areas)
	locations, err := tx.Orgs().Locations(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range locations {
		zone, err := time.LoadLocation(l.Zone)
		if err != nil {
			zone = nil // a zone that this machine does not know: days are counted in UTC
		}
		w.Sites[l.ID] = audience.Site{Name: l.Name, Country: l.Region, Region: l.Subregion, At: at[l.ID], Zone: zone}
		w.Names.Locations[l.Name] = append(w.Names.Locations[l.Name], l.ID)
	}
	types, err := tx.Visits().Types(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		w.Names.Types[t.Name] = append(w.Names.Types[t.Name], t.ID)
	}
	saved, err := tx.Audiences().List(ctx)
	for _, a := range saved {
		if a.Kind == audience.ByList {
			w.Names.Lists[a.Name] = audience.List{Roll: a.Roll, Version: a.Version}
		}
	}
	return w, err
}

// Names are what rules of the organization may name.
func (s *Service) Names(ctx context.Context, scope access.Scope) (n audience.Names, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return n, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		w, err := world(ctx, tx)
		if err == nil {
			n = w.Names
		}
		return err
	})
	return n, err
}

// Check compiles a rule against the organization's names and saves nothing.
func (s *Service) Check(ctx context.Context, scope access.Scope, rule string) (*audience.Rule, error) {
	names, err := s.Names(ctx, scope)
	if err != nil {
		return nil, err
	}
	return s.language.Compile(rule, names)
}

// Checker is Check for many rules, on one reading of the names.
func (s *Service) Checker(ctx context.Context, scope access.Scope) (check func(rule string) (*audience.Rule, error), err error) {
	names, err := s.Names(ctx, scope)
	return func(rule string) (*audience.Rule, error) { return s.language.Compile(rule, names) }, err
}

// Save checks a rule and keeps it as a new version: of a new audience when ID is zero, else of the one that was read
// at Version (errs.Conflict when somebody saved meanwhile).
func (s *Service) Save(ctx context.Context, scope access.Scope, a audience.Audience) (audience.Audience, error) {
	if err := may(scope, access.ReadPatients, access.SendMessages); err != nil {
		return a, err
	}
	a.Kind, a.Size = audience.ByRule, 0
	if err := tidy(&a); err != nil {
		return a, err
	}
	a.By, a.ByID = scope.Actor().Kind(), scope.Actor().ID()
	var kept audience.Audience // a stays as it was asked: the database may run this again
	err := s.store.InTx(ctx, scope, func(tx store.Tx) error {
		w, err := world(ctx, tx)
		if err != nil {
			return err
		}
		r, err := s.language.Compile(a.Rule, w.Names)
		if err != nil {
			return err
		}
		if err := isRule(ctx, tx, a.ID); err != nil {
			return err
		}
		next := a
		next.Rule = r.Text
		if kept, err = tx.Audiences().Save(ctx, next); err != nil {
			return err
		}
		return note(ctx, tx, "audience.save", kept.ID, "kind=rule version="+itoa(kept.Version)+" purpose="+string(kept.Purpose))
	})
	if err != nil {
		return a, err
	}
	return kept, nil
}

// isRule refuses to write a rule over a list.
func isRule(ctx context.Context, tx store.Tx, a id.ID) error {
	if a.IsZero() {
		return nil
	}
	have, err := tx.Audiences().Get(ctx, a, 0)
	if err == nil && have.Kind != audience.ByRule {
		return errs.New(errs.Precondition, "this audience is an uploaded list: upload a new version of the list instead")
	}
	return err
}

func tidy(a *audience.Audience) error {
	a.Name = strings.Join(strings.Fields(a.Name), " ")
	switch {
	case a.Name == "" || len(a.Name) > 120:
		return errs.New(errs.Invalid, "give the audience a name of at most 120 letters").At("name")
	case !a.Purpose.Valid():
		return errs.New(errs.Invalid, "say what the audience is for: a purpose such as recall or event").At("purpose")
	}
	return nil
}

// List reads the newest version of every audience, by name.
func (s *Service) List(ctx context.Context, scope access.Scope) (all []audience.Audience, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		all, err = tx.Audiences().List(ctx)
		return err
	})
	return all, err
}

// Get reads a version of one; 0 is the newest.
func (s *Service) Get(ctx context.Context, scope access.Scope, a id.ID, version int64) (found audience.Audience, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return found, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		found, err = tx.Audiences().Get(ctx, a, version)
		return err
	})
	return found, err
}

// Versions reads every version of one, newest first, and its last counts.
func (s *Service) Versions(ctx context.Context, scope access.Scope, a id.ID) (all []audience.Audience, runs []audience.Run, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, nil, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		if all, err = tx.Audiences().Versions(ctx, a); err != nil {
			return err
		}
		if len(all) == 0 {
			return errs.New(errs.NotFound, "there is no such audience in this organization")
		}
		runs, err = tx.Audiences().Runs(ctx, a, store.Page{Limit: 10})
		return err
	})
	return all, runs, err
}

// Archive takes an audience off the list. Rules that name an archived list are refused from then on.
func (s *Service) Archive(ctx context.Context, scope access.Scope, a id.ID) error {
	if err := may(scope, access.SendMessages); err != nil {
		return err
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Audiences().Archive(ctx, a, true); err != nil {
			return err
		}
		return note(ctx, tx, "audience.archive", a, "")
	})
}
