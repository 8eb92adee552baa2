package record

import (
	"context"
	"slices"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// Consent is what somebody gave or took back, as staff saw or heard it.
type Consent struct {
	Person   id.ID
	Point    id.ID // zero: every number of the person
	Channel  patient.Channel
	Purposes []purpose.Purpose
	// Granted is false for taking back.
	Granted  bool
	Method   consent.Method // form, staff, verbal or web
	Wording  string         // id and version of the text that was shown, such as "sms-care/3"
	Shown    phi.Text       // the text itself, or what was said
	Language string
	At       time.Time // when it was given; zero is now, never later
}

// methods are those that staff may record; keyword, EHR and import have their own ways in.
var methods = []consent.Method{consent.Form, consent.Staff, consent.Verbal, consent.Web}

// Consent appends one entry for each purpose to the ledger.
func (s *Service) Consent(ctx context.Context, scope access.Scope, c Consent) error {
	if err := c.check(); err != nil {
		return err
	}
	return s.write(ctx, scope, func(tx store.Tx) error {
		if _, err := tx.People().Get(ctx, c.Person); err != nil {
			return err
		}
		if c.At.IsZero() {
			c.At = tx.Now()
		}
		if c.At.After(tx.Now()) {
			return errs.New(errs.Invalid, "consent cannot be given in the future").At("at")
		}
		if _, err := tx.Consents().Append(ctx, c.entries(tx)); err != nil {
			return err
		}
		names := make([]string, len(c.Purposes))
		for i, p := range c.Purposes {
			names[i] = string(p)
		}
		return note(ctx, tx, "consent.record", "person", c.Person,
			"status="+string(c.status())+" method="+string(c.Method)+" purposes="+strings.Join(names, ","))
	})
}

func (c *Consent) status() consent.Status {
	if c.Granted {
		return consent.Granted
	}
	return consent.Revoked
}

func (c *Consent) check() error {
	if c.Channel == "" {
		c.Channel = patient.SMS
	}
	switch {
	case len(c.Purposes) == 0:
		return errs.New(errs.Invalid, "say what the consent is for").At("purpose")
	case !slices.Contains(methods, c.Method):
		return errs.New(errs.Invalid, "say how it was given: form, staff, verbal or web").At("method")
	case c.Granted && strings.TrimSpace(c.Shown.Reveal()) == "" && c.Wording == "":
		return errs.New(errs.Invalid, "keep the wording that the patient was shown or heard").At("shown")
	}
	for _, p := range c.Purposes {
		if !p.Valid() && p != consent.AllCare {
			return errs.New(errs.Invalid, "this is not a purpose that texts have").At("purpose")
		}
	}
	return nil
}

func (c *Consent) entries(tx store.Tx) []consent.Entry {
	out := make([]consent.Entry, len(c.Purposes))
	for i, p := range c.Purposes {
		out[i] = consent.Entry{Person: c.Person, Point: c.Point, Channel: c.Channel, Purpose: p, Status: c.status(), Method: c.Method,
			Wording: c.Wording, Shown: c.Shown, Language: c.Language, By: tx.Scope().Actor().Kind(), ByID: tx.Scope().Actor().ID(), At: c.At}
	}
	return out
}

// OptOut records that somebody said in person or by phone that this number must get no more texts: everything
// that is no emergency, for everyone on the number. It is in the senders' memory before the commit.
func (s *Service) OptOut(ctx context.Context, scope access.Scope, point id.ID, words phi.Text) error {
	if !scope.Allows(access.WritePatients) {
		return errs.New(errs.Forbidden, "your role does not allow this")
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		points, err := tx.People().Points(ctx, []id.ID{point})
		if err != nil {
			return err
		}
		if len(points) == 0 {
			return errs.New(errs.NotFound, "there is no such number in this organization")
		}
		tx.AfterRollback(s.suppress.Add(point))
		e := consent.Entry{Point: point, Channel: points[0].Channel, Purpose: consent.AllPurposes, Status: consent.Revoked, Method: consent.Verbal,
			Shown: words, By: scope.Actor().Kind(), ByID: scope.Actor().ID(), At: tx.Now()}
		if _, err := tx.Consents().Append(ctx, []consent.Entry{e}); err != nil {
			return err
		}
		return note(ctx, tx, "consent.opt_out", "point", point, "method=verbal")
	}, store.Urgent)
}
