package console

import (
	"slices"
	"strconv"
	"strings"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/texts"
)

// textName is what staff call a text: in their language when it ships, else its own name.
func textName(w *Words, k content.Key) string {
	if key := "text." + string(k); w.Has(key) {
		return w.T(key)
	}
	return string(k)
}

var coverageLooks = map[texts.CoverageState]chip{
	texts.Covered:  {toneGood, "check", ""},
	texts.Shipped:  {toneInfo, "info-circle", ""},
	texts.Fallback: {toneWait, "alert-triangle", ""},
	texts.Nothing:  {toneBad, "alert-triangle", ""},
}

// coverageChip says how readers of a language are served.
func (p *Page) coverageChip(c texts.Coverage) chip {
	look := coverageLooks[c.State]
	look.Text = p.languageName(string(c.Language))
	if c.State != texts.Covered {
		look.Text += ": " + p.W.Enum("coverage.", string(c.State))
	}
	return look
}

// useWords says where a text is sent.
func useWords(w *Words, uses []texts.Use) string {
	var out []string
	for _, u := range uses {
		s := w.Enum("step.", u.Step)
		if !u.On {
			s += " (" + w.T("step.off") + ")"
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

// findingsOf are what is wrong with one language.
func findingsOf(found []content.Finding, l content.Locale) (out []content.Finding) {
	for _, f := range found {
		if f.Locale == l {
			out = append(out, f)
		}
	}
	return out
}

// shownFindings are those of the last try to publish, else those of the preview.
func (v *textEditor) shownFindings() []content.Finding {
	if v.Faults != nil {
		return v.Faults.Findings
	}
	return v.Preview.Findings
}

// elsewhere are findings about languages that have no field.
func (v *textEditor) elsewhere() (out []content.Finding) {
	for _, f := range v.shownFindings() {
		if _, has := v.Typed[f.Locale]; !has {
			out = append(out, f)
		}
	}
	return out
}

// blocked counts the languages that cannot be published as they are.
func (v *textEditor) blocked() bool { return v.Faults != nil && content.Blocks(v.Faults.Findings) }

// findingWords is a finding in the reader's language, with its line.
func findingWords(w *Words, f content.Finding) string {
	s := w.T("finding."+string(f.Code), "Text", f.Text, "Twin", kindOr(f.Twin, "–"), "Was", f.Segments, "Plain", f.Plain)
	if f.Nearest != "" && f.Code == content.UnknownVariable {
		s += " " + w.T("finding.nearest", "Name", string(f.Nearest))
	}
	if f.Line > 0 {
		s = w.T("finding.line", "Line", f.Line) + " " + s
	}
	return s
}

// meterWords is what a text costs.
func meterWords(w *Words, letters int, m sms.Meter) string {
	return w.N("meter.letters", letters) + " · " + w.N("message.segments", m.Segments) + " · " + w.Enum("coding.", string(m.Coding))
}

// script is how many letters without a plain twin make a text one of another script, where none of them is to blame.
const script = 8

// guiltyWords says which signs make a text dear and what could stand there.
func guiltyWords(w *Words, m sms.Meter) (out []string) {
	foreign := 0
	for _, g := range m.Guilty {
		if !g.HasTwin {
			foreign++
		}
	}
	if m.Coding != sms.UCS2 || foreign >= script {
		return nil
	}
	for _, g := range m.Guilty {
		switch {
		case !g.HasTwin:
			out = append(out, w.T("texts.dear", "Sign", string(g.Rune)))
		case g.Twin == "":
			out = append(out, w.T("texts.dear.hidden"))
		default:
			out = append(out, w.T("texts.dear.twin", "Sign", string(g.Rune), "Twin", g.Twin))
		}
		if len(out) == 5 {
			break
		}
	}
	return out
}

func letters(s string) int { return len([]rune(s)) }

// coverage is how a language of the editor is served now.
func (v *textEditor) coverage(l content.Locale) (texts.Coverage, bool) {
	for _, c := range v.Languages {
		if c.Variant == l || c.Language == l {
			return c, true
		}
	}
	return texts.Coverage{}, false
}

// shownPeople are the patients whose texts the preview shows.
func (v *textEditor) shownPeople() (out []id.ID) {
	for _, t := range []*outbox.Tried{v.Preview.People.Longest, v.Preview.People.Shortest, v.Preview.People.Price} {
		if t != nil {
			out = append(out, t.Person)
		}
	}
	return out
}

// extreme is one of the texts that a preview on real patients shows.
type extreme struct {
	Title string
	*outbox.Tried
}

// extremes leaves out what would be shown twice.
func (v *textEditor) extremes(w *Words) (out []extreme) {
	x := v.Preview.People
	for _, e := range []extreme{{w.T("texts.people.longest"), x.Longest}, {w.T("texts.people.price"), x.Price}, {w.T("texts.people.shortest"), x.Shortest}} {
		if e.Tried != nil && !slices.ContainsFunc(out, func(o extreme) bool { return o.Tried == e.Tried }) {
			out = append(out, e)
		}
	}
	return out
}

// segmentWords counts texts by price.
func segmentWords(w *Words, by map[int]int) string {
	var sizes []int
	for n := range by {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	var out []string
	for _, n := range sizes {
		out = append(out, w.Int(by[n])+" × "+w.N("message.segments", n))
	}
	return strings.Join(out, ", ")
}

// variableExample is a variable as it is written, with what would stand there.
type variableExample struct{ Name, Example string }

// variables are all that a text may use, with invented values in the reader's language.
func variables(w *Words) (out []variableExample) {
	values := content.Example(content.Locale(w.Code))
	for _, n := range content.AppointmentVars() {
		x := variableExample{Name: "{{ " + string(n) + " }}"}
		if t, err := content.Compile(x.Name, content.AppointmentVars()); err == nil {
			if text, err := t.Render(values); err == nil {
				x.Example = text.Reveal()
			}
		}
		out = append(out, x)
	}
	return out
}

// byWhom says who published a version.
func byWhom(w *Words, v texts.Version) string {
	switch {
	case v.By != "":
		return v.By
	case v.ByKind == access.Key:
		return w.T("texts.by.key")
	case v.ByKind == "":
		return w.T("texts.by.carillon")
	}
	return w.T("texts.by.command")
}

func versionPath(kind, key string, n int64) string {
	return "/" + kind + "/" + key + "/versions/" + strconv.FormatInt(n, 10)
}
