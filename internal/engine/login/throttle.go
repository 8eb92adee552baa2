package login

import (
	"sync"
	"time"
)

// Guesses allowed within an hour. A stranger who spends an account's guesses does not lock its owner out:
// an address from which the account was opened before has guesses of its own.
const (
	guessesPerAccount = 10
	guessesPerAddress = 60
	guessWindow       = time.Hour
	throttleEntries   = 20_000 // bounds memory: the emptiest go first when it is full
)

// throttle counts wrong guesses in memory. It forgets on restart, which costs an attacker's hour at most.
type throttle struct {
	mu    sync.Mutex
	wrong map[string]tally
	known map[string]time.Time // account and address that logged in, and when
}

type tally struct {
	n     int
	since time.Time
}

func newThrottle() *throttle {
	return &throttle{wrong: map[string]tally{}, known: map[string]time.Time{}}
}

// keys are the counters that one guess touches, with their limits.
func (t *throttle) keys(account, address string) map[string]int {
	pair := account + "\x00" + address
	if _, ok := t.known[pair]; ok {
		return map[string]int{"p" + pair: guessesPerAccount}
	}
	return map[string]int{"a" + account: guessesPerAccount, "i" + address: guessesPerAddress}
}

// wait is how long this address must wait before it may guess at this account; zero is now.
func (t *throttle) wait(account, address string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	var longest time.Duration
	for key, limit := range t.keys(account, address) {
		if c, ok := t.wrong[key]; ok && c.n >= limit {
			longest = max(longest, c.since.Add(guessWindow).Sub(now))
		}
	}
	return longest
}

// guess counts a guess before its password is checked, so that guesses sent at once are all counted.
func (t *throttle) guess(account, address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.wrong) > throttleEntries {
		t.forget(now)
	}
	for key := range t.keys(account, address) {
		c := t.wrong[key]
		if now.Sub(c.since) >= guessWindow {
			c = tally{since: now}
		}
		c.n++
		t.wrong[key] = c
	}
}

// right takes the counted guess back and remembers the address as the account's own.
func (t *throttle) right(account, address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key := range t.keys(account, address) {
		if c := t.wrong[key]; c.n > 0 {
			c.n--
			t.wrong[key] = c
		}
	}
	if len(t.known) > throttleEntries {
		clear(t.known)
	}
	t.known[account+"\x00"+address] = now
}

func (t *throttle) forget(now time.Time) {
	for key, c := range t.wrong {
		if now.Sub(c.since) >= guessWindow || c.n < 2 {
			delete(t.wrong, key)
		}
	}
	if len(t.wrong) > throttleEntries {
		clear(t.wrong)
	}
}
