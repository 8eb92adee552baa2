package route

import (
	"sync"
	"time"
)

// Bucket is a token bucket of segments: rate a second, holding at most a second's worth. A carrier that says
// "too fast" empties it and halves its rate; the rate comes back by a tenth of the full rate every second. It is safe
// for concurrent use. Times are the machine's.
type Bucket struct {
	mu      sync.Mutex
	full    float64 // segments a second that the operator allows; 0 is no limit
	rate    float64 // what is allowed now
	tokens  float64
	last    time.Time
	blocked time.Time // nothing before this
}

// NewBucket makes a full bucket.
func NewBucket(perSecond int, now time.Time) *Bucket {
	r := float64(max(perSecond, 0))
	return &Bucket{full: r, rate: r, tokens: r, last: now}
}

// Allow says how many of want segments may leave now. A text longer than the bucket is let through when the
// bucket is full: it could never leave otherwise.
func (b *Bucket) Allow(now time.Time, want int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.blocked) {
		return 0
	}
	if b.full == 0 {
		return want
	}
	b.fill(now)
	return max(min(want, int(b.tokens)), 0) // a bucket in debt allows nothing
}

// Take uses segments up; the bucket may go below nothing by the last text's length.
func (b *Bucket) Take(now time.Time, segments int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full == 0 {
		return
	}
	b.fill(now)
	b.tokens -= float64(segments)
}

// Wait is how long until something may leave; zero is now.
func (b *Bucket) Wait(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.blocked) {
		return b.blocked.Sub(now)
	}
	if b.full == 0 {
		return 0
	}
	b.fill(now)
	if b.tokens >= 1 {
		return 0
	}
	return time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
}

// Throttled slows down after the carrier refused a text as too fast: nothing for after, then half the rate.
func (b *Bucket) Throttled(now time.Time, after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(after); until.After(b.blocked) {
		b.blocked = until
	}
	if b.full == 0 {
		return
	}
	b.fill(now)
	if b.tokens > 0 {
		b.rate = max(b.rate/2, 1, b.full/64)
	}
	b.tokens = min(b.tokens, 0)
}

// SecondsWorth is how many segments a second holds at most now; 0 is no limit.
func (b *Bucket) SecondsWorth() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int(b.rate)
}

func (b *Bucket) fill(now time.Time) {
	d := now.Sub(b.last).Seconds()
	if d <= 0 {
		return
	}
	b.last = now
	b.rate = min(b.full, b.rate+d*b.full/10)
	b.tokens = min(b.tokens+d*b.rate, max(b.rate, 1))
}
