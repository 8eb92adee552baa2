// Package clock gives the two clocks of the house: the domain clock (due times, windows, expiry; may run
// fast in the demo) and the machine clock (timers, leases, sessions). It refuses to sleep or to wake
// anyone: whoever waits owns the timer.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time in UTC. Implementations are safe for concurrent use.
type Clock interface {
	Now() time.Time
}

// Real is the machine's clock.
type Real struct{}

// Now is the machine's time, cut to the microseconds that the databases keep.
func (Real) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Fast runs Speed times as fast as the machine's clock from a chosen start: the demo's domain clock.
type Fast struct {
	start time.Time // domain time at began
	began time.Time // machine time, with its monotonic reading
	speed float64
}

// NewFast starts at start and runs at speed (1 is real time; a day in a minute is 1440).
func NewFast(start time.Time, speed float64) *Fast {
	return &Fast{start: start.UTC(), began: time.Now(), speed: speed}
}

// Now is the domain time.
func (f *Fast) Now() time.Time {
	run := float64(time.Since(f.began)) * f.speed
	return f.start.Add(time.Duration(run)).Truncate(time.Microsecond)
}

// Speed says how many domain seconds pass in a machine second.
func (f *Fast) Speed() float64 { return f.speed }

// Until turns a wait on a clock into a wait on the machine: how long to sleep until c shows t.
// A clock without a speed is taken to run in real time.
func Until(c Clock, t time.Time) time.Duration {
	d := t.Sub(c.Now())
	if f, ok := c.(interface{ Speed() float64 }); ok && f.Speed() > 0 {
		d = time.Duration(float64(d) / f.Speed())
	}
	return max(d, 0)
}

// Scaled turns a wait of the machine (a carrier's throttle) into the time that c passes meanwhile.
func Scaled(c Clock, wait time.Duration) time.Duration {
	if f, ok := c.(interface{ Speed() float64 }); ok && f.Speed() > 0 {
		return time.Duration(float64(wait) * f.Speed())
	}
	return wait
}

// Fixed stands still until it is set: the clock of tests.
type Fixed struct {
	mu sync.Mutex
	t  time.Time
}

// NewFixed stands at t.
func NewFixed(t time.Time) *Fixed { return &Fixed{t: t.UTC()} }

// Now is the time it was set to.
func (f *Fixed) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.t
}

// Set moves the clock to t.
func (f *Fixed) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t = t.UTC()
}

// Advance moves the clock forward by d and returns the new time.
func (f *Fixed) Advance(d time.Duration) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t = f.t.Add(d)
	return f.t
}
