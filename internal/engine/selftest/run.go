package selftest

import (
	"context"
	"crypto/rand"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	rules "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Run sends a route's test text at once; the next one still goes at its time. It says which run it is. errs.Conflict
// when one is on its way, errs.NotFound when no test phone is set. The scope needs access.SendMessages.
func (s *Service) Run(ctx context.Context, scope access.Scope, route id.ID) (rules.Run, error) {
	if !scope.Allows(access.SendMessages) {
		return rules.Run{}, errs.New(errs.Forbidden, "your role may not send texts")
	}
	var set rules.Setting
	err := s.store.Read(ctx, scope, func(tx store.Tx) error {
		all, err := tx.SelfTests().Settings(ctx)
		for _, c := range all {
			if c.Route == route {
				set = c
			}
		}
		return err
	})
	if err == nil && set.Route.IsZero() {
		err = errs.New(errs.NotFound, "no test phone is set for this route: carillon selftest set, or the page of carriers")
	}
	if err != nil {
		return rules.Run{}, err
	}
	return s.begin(ctx, scope, set, func(tx store.Tx) (bool, error) {
		return true, tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "selftest.run", "route", route, ""))
	})
}

// scheduled starts the text of a setting that is due, unless another node did.
func (s *Service) scheduled(ctx context.Context, set rules.Setting) error {
	scope := access.ForJob(set.Org, "selftest")
	_, err := s.begin(ctx, scope, set, func(tx store.Tx) (bool, error) {
		return tx.SelfTests().Reschedule(ctx, set.Route, set.Next, s.machine.Now().Add(set.Every))
	})
	if errs.Is(err, errs.Conflict) {
		return nil // somebody asked for one a moment ago
	}
	return err
}

// begin decides about a test text and writes it with its run, if claim says so in the same transaction.
func (s *Service) begin(ctx context.Context, scope access.Scope, set rules.Setting, claim func(store.Tx) (bool, error)) (rules.Run, error) {
	var own org.Organization
	if err := s.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		own, err = tx.Orgs().Get(ctx)
		return err
	}); err != nil {
		return rules.Run{}, err
	}
	run := rules.Run{ID: id.New(), Org: scope.Org(), Route: set.Route, Point: set.Point, Message: id.New(), Code: newCode(),
		Answers: set.Answers, Planned: s.machine.Now()}
	prepared, err := s.outbox.Prepare(ctx, scope, []outbox.Ask{s.ask(&run, own.Locale)})
	if err != nil {
		return run, err
	}
	return run, s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if won, err := claim(tx); err != nil || !won {
			return err
		}
		if err := tx.SelfTests().StartRun(ctx, run); err != nil {
			return err
		}
		_, err := s.outbox.Insert(ctx, tx, prepared)
		return err
	})
}

// ask is the test text: nobody's, counted nowhere, by the one route, and of no use once its run was given up.
func (s *Service) ask(run *rules.Run, locale string) outbox.Ask {
	text, lang := words(locale, run.Code, run.Answers)
	life := s.limits.HandOver + time.Minute
	return outbox.Ask{ID: run.Message, Origin: message.Origin{Kind: message.FromTest, Enrollment: run.ID, Step: "selftest"},
		Purpose: purpose.Operational, Point: run.Point, Route: run.Route, Body: phi.T(text), Locale: lang, Flags: message.SelfTest,
		ExpiresAt: s.domain.Now().Add(clock.Scaled(s.domain, life))}
}

// words of a test text; they say nothing about anybody.
func words(locale, code string, answers bool) (string, content.Locale) {
	if content.Locale(locale).Base() == "pl" {
		if answers {
			return "Test linii Carillon. Odpisz: " + code, "pl"
		}
		return "Test linii Carillon " + code + ". To tylko test.", "pl"
	}
	if answers {
		return "Carillon line test. Reply with: " + code, "en"
	}
	return "Carillon line test " + code + ". This is only a test.", "en"
}

// newCode is a word that no reserved word, menu or patient uses: letters and digits in turn, none that look alike.
func newCode() string {
	const letters, digits = "CFHJKMNPRTVWX", "347"
	var b [6]byte
	_, _ = rand.Read(b[:])
	for i := range b {
		if i%2 == 0 {
			b[i] = letters[int(b[i])%len(letters)]
		} else {
			b[i] = digits[int(b[i])%len(digits)]
		}
	}
	return string(b[:])
}
