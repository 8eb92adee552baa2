package sqlstore

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
)

func TestTextAboutAPersonIsNeverBound(t *testing.T) {
	t.Parallel()
	for _, v := range []any{phi.T("Zofia"), phi.Text{}, phone.Number{}} {
		if got, err := Value(v); !errs.Is(err, errs.Internal) || got != nil {
			t.Errorf("%T was bound", v)
		}
	}
}

func TestValuesBecomeTheFewThatDatabasesKnow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 29, 2, 30, 0, 5000, time.FixedZone("", 3600))
	some := id.New()
	for _, c := range []struct{ in, want any }{
		{id.ID{}, nil}, {some, some}, {time.Time{}, nil}, {at, at.UnixMicro()}, {&at, at.UnixMicro()}, {(*time.Time)(nil), nil},
		{access.Admin, "admin"}, {purpose.Bulk, int64(4)}, {7, int64(7)}, {true, true}, {3 * time.Second, int64(3_000_000)},
		{[]byte(nil), nil}, {"", ""}, {uint8(3), int64(3)},
	} {
		if got, err := Value(c.in); err != nil || got != c.want {
			t.Errorf("%T %v became %v, %v", c.in, c.in, got, err)
		}
	}
	for _, v := range []any{struct{}{}, map[string]int{}, new(int), []any{1}} {
		if _, err := Value(v); !errs.Is(err, errs.Internal) {
			t.Errorf("%T was bound: %v", v, err)
		}
	}
}
