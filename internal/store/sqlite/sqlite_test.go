package sqlite_test

import (
	"testing"

	"carillon.dev/carillon/internal/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.SQLite)
}

func BenchmarkMessages(b *testing.B) { storetest.BenchMessages(b, storetest.SQLite) }
