package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
)

// position is where the demo's clock was: it goes on from there, so that nothing in the database lies in the future.
type position struct {
	At time.Time `json:"at"`
}

func positionFile(data string) string { return filepath.Join(data, "demo-clock.json") }

// Clock is the demo's domain clock: where it stopped, or today at 8.55 h in the first site's zone.
func Clock(data string, speed float64, today time.Time) (*clock.Fast, error) {
	if speed <= 0 || speed > 10_000 {
		return nil, errs.New(errs.Invalid, "choose a speed above 0, at most 10000").At("--speed")
	}
	b, err := os.ReadFile(positionFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return clock.NewFast(morning(today), speed), nil
	}
	var p position
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil || p.At.IsZero() {
		return nil, errs.Wrap(errs.Precondition, "the demo's clock cannot be read; remove the data folder to begin anew", err)
	}
	return clock.NewFast(p.At, speed), nil
}

// morning is 8.55 h of a working day: today, or the Monday after a week-end.
func morning(today time.Time) time.Time {
	zone, err := time.LoadLocation(Sites()[0].Zone)
	if err != nil {
		zone = time.UTC
	}
	y, m, d := today.In(zone).Date()
	t := time.Date(y, m, d, 8, 55, 0, 0, zone)
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, 1)
	}
	return t.UTC()
}

// KeepClock writes the clock's position every second until ctx ends, and once more then.
func KeepClock(ctx context.Context, data string, c clock.Clock) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		if err := keep(data, c.Now()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return keep(data, c.Now())
		case <-t.C:
		}
	}
}

// keep replaces the file in one step.
func keep(data string, at time.Time) error {
	b, err := json.Marshal(position{At: at})
	if err != nil {
		return errs.Wrap(errs.Internal, "the demo's clock cannot be written", err)
	}
	tmp := positionFile(data) + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return errs.Wrap(errs.Unavailable, "the demo's clock cannot be written; check the disk", err)
	}
	return errs.Wrap(errs.Unavailable, "the demo's clock cannot be written; check the disk", os.Rename(tmp, positionFile(data)))
}
