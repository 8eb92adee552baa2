//go:build soak

package bench

import "testing"

func TestSoakSTOPsDuringABatch(t *testing.T) {
	for _, db := range []string{"sqlite", "postgres"} {
		t.Run(db, func(t *testing.T) { stopsDuringABatch(t, Database{Store: db}, 200) })
	}
}
