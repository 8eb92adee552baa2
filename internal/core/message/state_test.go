package message_test

import (
	"testing"

	"carillon.dev/carillon/internal/core/message"
)

// The table of DESIGN section 11, written once more as pairs: a move that is not listed may not happen.
func TestOnlyTheListedMovesAreAllowed(t *testing.T) {
	t.Parallel()
	allowed := map[[2]message.State]bool{}
	for from, to := range map[message.State]string{
		message.Planned:     "held refused queued cancelled",
		message.Held:        "queued refused cancelled",
		message.Queued:      "sending held refused cancelled expired",
		message.Sending:     "accepted failed unknown queued",
		message.Unknown:     "accepted delivered undelivered queued",
		message.Accepted:    "delivered undelivered expired",
		message.Undelivered: "delivered",
		message.Expired:     "delivered",
		message.Failed:      "delivered",
	} {
		for _, s := range split(to) {
			allowed[[2]message.State{from, message.State(s)}] = true
		}
	}
	for _, from := range message.States() {
		for _, to := range message.States() {
			if got, want := from.MayBecome(to), allowed[[2]message.State{from, to}]; got != want {
				t.Errorf("%s -> %s: allowed %v, want %v", from, to, got, want)
			}
		}
	}
}

func split(s string) (out []string) {
	for start, i := 0, 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ' ' {
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return out
}
