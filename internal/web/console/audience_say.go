package console

import (
	"maps"
	"slices"
	"strings"

	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
)

// sentences says a form's conditions in words.
func sentences(w *Words, f audience.Form) []string {
	out := make([]string, len(f.Conditions))
	for i := range f.Conditions {
		out[i] = sentence(w, &f.Conditions[i])
	}
	return out
}

// sentence says one condition: "age is at least 50", "has been seen within the last 365 days (Check-up)".
func sentence(w *Words, c *audience.Condition) string {
	word := wordNamed(c.Word)
	args := []any{"A", argument(w, word, c, 0), "B", argument(w, word, c, 1)}
	if c.Op == audience.Yes || c.Op == audience.No {
		return spaced(w.T("audience."+string(c.Op)+"."+c.Word, args...) + ofType(w, word, c))
	}
	values := make([]string, len(c.Values))
	for i, v := range c.Values {
		values[i] = valueWords(w, c.Word, v)
	}
	return spaced(w.T("audience.word."+c.Word, args...)+ofType(w, word, c)) + " " + w.T("audience.op."+string(c.Op)) + " " + strings.Join(values, ", ")
}

func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }

// ofType adds the kind of visit, purpose or channel that a condition is narrowed to.
func ofType(w *Words, word audience.Word, c *audience.Condition) string {
	last := len(word.Args) - 1
	if last < 0 || !strings.HasSuffix(word.Args[last], "?") || last >= len(c.Args) || c.Args[last] == "" {
		return ""
	}
	return " (" + argument(w, word, c, last) + ")"
}

func argument(w *Words, word audience.Word, c *audience.Condition, n int) string {
	if n >= len(c.Args) || n >= len(word.Args) {
		return "…"
	}
	return valueWords(w, strings.TrimSuffix(word.Args[n], "?"), c.Args[n])
}

// valueWords is a value in the reader's language, where it is one of a closed list.
func valueWords(w *Words, kind, v string) string {
	switch kind {
	case "purpose":
		return w.Enum("purpose.", v)
	case "prefers", "channel":
		return w.Enum("channel.", v)
	case "sex", "kind", "status":
		return w.Enum("audience."+kind+".", v)
	}
	return v
}

// purposes are those that an audience may be for.
func purposes() []purpose.Purpose {
	return slices.DeleteFunc(purpose.All(), func(p purpose.Purpose) bool { return p == purpose.Operational || p == purpose.Staff })
}

// reasonLine is one line of the table of why people get no text.
type reasonLine struct {
	Reason message.Reason
	N      int
	Out    int // of them, reached by no other way
}

// reasonLines are the reasons, the most frequent first.
func reasonLines(c *audience.Count) (out []reasonLine) {
	for _, r := range slices.Sorted(maps.Keys(c.Why)) {
		out = append(out, reasonLine{r, c.Why[r], c.LeftOut[r]})
	}
	slices.SortStableFunc(out, func(a, b reasonLine) int { return b.N - a.N })
	return out
}

// factLine is a missing fact and how many people lack it.
type factLine struct {
	Fact audience.Fact
	N    int
}

func factLines(c *audience.Count) (out []factLine) {
	for _, f := range slices.Sorted(maps.Keys(c.Unknown)) {
		out = append(out, factLine{f, c.Unknown[f]})
	}
	return out
}

// audienceRunChip says how far a count is.
func audienceRunChip(w *Words, r audience.Run) chip {
	c := chip{toneWait, "hourglass", w.Enum("audience.run.", string(r.State))}
	switch r.State {
	case audience.Counted:
		c.Tone, c.Icon = toneGood, "circle-check"
	case audience.Failed:
		c.Tone, c.Icon = toneBad, "circle-x"
	case audience.Cancelled:
		c.Tone, c.Icon = toneQuiet, "ban"
	}
	return c
}

// wayChip says how somebody is reached.
func wayChip(w *Words, way audience.Way) chip {
	c := chip{toneGood, "message-2", w.Enum("audience.way.", string(way))}
	switch way {
	case audience.ByCall:
		c.Tone, c.Icon = toneInfo, "phone-call"
	case audience.ByLetter:
		c.Tone, c.Icon = toneInfo, "mail-opened"
	case audience.NoWay:
		c.Tone, c.Icon = toneQuiet, "ban"
	}
	return c
}

// audienceShort says who is meant in one line.
func audienceShort(w *Words, a audienceLine) string {
	switch {
	case a.Kind == audience.ByList:
		return w.N("audiences.size", a.Size)
	case len(a.Says) == 0:
		return w.T("audiences.by_text")
	case a.Any:
		return strings.Join(a.Says, " "+w.T("audiences.or")+" ")
	}
	return strings.Join(a.Says, ", ")
}
