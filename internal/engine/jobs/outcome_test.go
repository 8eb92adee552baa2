package jobs

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"carillon.dev/carillon/internal/base/errs"
)

type touchy struct{ Panic bool }

func (touchy) Kind() string { return "test.touchy" }

func TestNothingUnsafeReachesTheJobTable(t *testing.T) {
	t.Parallel()
	const secret = "Zofia-CANARY"
	cause := errors.New("column holds " + secret)
	var log strings.Builder
	for name, do := range map[string]func(context.Context, touchy) error{
		"a plain error":     func(context.Context, touchy) error { return cause },
		"an error of ours":  func(context.Context, touchy) error { return errs.Wrap(errs.Unavailable, "later", cause) },
		"one that ends it":  func(context.Context, touchy) error { return errs.Wrap(errs.Invalid, "never", cause) },
		"a panic":           func(context.Context, touchy) error { panic(secret) },
		"a panicking error": func(context.Context, touchy) error { panic(cause) },
	} {
		w := &worker[touchy]{do: do, log: slog.New(slog.NewTextHandler(&log, nil))}
		err := w.Work(t.Context(), &river.Job[touchy]{JobRow: &rivertype.JobRow{Kind: "test.touchy"}})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "CANARY") {
				t.Errorf("%s: %q", name, e)
			}
		}
		if final := errors.Is(err, &rivertype.JobCancelError{}); final != (name == "one that ends it") {
			t.Errorf("%s: ends the job: %v", name, final)
		}
	}
	if strings.Contains(log.String(), "CANARY") {
		t.Error(log.String())
	}
}
