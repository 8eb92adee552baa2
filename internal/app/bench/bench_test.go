package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"
	"time"
)

func quietLog() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// Both databases, an operator in another process: what it reports must be counted alike on both sides.
func TestTheWholePathCountsAlikeOnBothSides(t *testing.T) {
	t.Parallel()
	for name, db := range map[string]string{"sqlite": "sqlite", "postgres": "postgres", "texts that ask": "sqlite"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			asks := name != db
			b := Send{Database: Database{Store: db}, Recipients: 1200, Window: 100, Asks: asks, Receipts: 5 * time.Millisecond, Patience: time.Minute}
			if err := b.Run(context.Background(), &out, quietLog()); err != nil {
				t.Fatal(err)
			}
			var r Report
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if !r.Agree || r.Lost != 0 || r.Duplicates != 0 || r.Sent != r.Parts || r.Delivered != 1200 || (r.Parts > 1200) != asks {
				t.Errorf("report %+v", r)
			}
		})
	}
}

// TestKillingTheSender is the short form of `carillon bench kill`.
func TestKillingTheSender(t *testing.T) {
	t.Parallel()
	for _, db := range []string{"sqlite", "postgres"} {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			k := Kill{Database: Database{Store: db}, Recipients: 4000, Kills: 2, Seed: 3, Longest: 150 * time.Millisecond, Patience: time.Minute}
			r, err := k.run(context.Background(), quietLog())
			if err != nil {
				t.Fatal(err)
			}
			if !r.OK {
				t.Errorf("report %+v", r)
			}
		})
	}
}

func TestTenthsAreRates(t *testing.T) {
	t.Parallel()
	m := newMilestones(100)
	m.at[1], m.at[2] = m.began.Add(time.Second), m.began.Add(2*time.Second)
	m.at[9], m.at[10] = m.began.Add(9*time.Second), m.began.Add(11*time.Second)
	if first, last := m.tenths(); first != 10 || last != 5 {
		t.Errorf("first %v, last %v", first, last)
	}
}
