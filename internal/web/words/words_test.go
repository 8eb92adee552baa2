package words

import (
	"testing"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

func TestPolishCountsTakeTheRightForm(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	c.bundle.MustAddMessages(language.Polish, &i18n.Message{ID: "test.days",
		One: "{{.N}} dzień", Few: "{{.N}} dni (few)", Many: "{{.N}} dni (many)", Other: "{{.N}} dnia"})
	w := c.Words("pl", "")
	for n, want := range map[int]string{1: "1 dzień", 2: "2 dni (few)", 5: "5 dni (many)", 12: "12 dni (many)", 22: "22 dni (few)", 0: "0 dni (many)"} {
		if got := w.N("test.days", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
