package outbox

import (
	"time"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/sms"
)

// findVariant picks the language of the text, and learns from it whether it invites an answer.
func (o *Outbox) findVariant(it *item) {
	if it.text == nil {
		if it.draft.Template == "" && content.Invites(words(it.draft).Reveal(), content.Locale(it.draft.Locale)) {
			it.draft.Flags |= message.Invites
		}
		return
	}
	it.variant = it.text.choose(it.draft.Locale, it.person.Language, it.place, it.org.Locale)
	if it.variant == nil {
		return
	}
	if it.variant.invites {
		it.draft.Flags |= message.Invites
	}
}

// write renders and counts; a text that cannot be written is marked for the gate.
func (o *Outbox) write(it *item, f *gate.Facts) {
	if it.person.Unreadable {
		return // the text cannot be written for want of anything about the person, and the gate says so
	}
	text, ok := o.render(it)
	if ok {
		text = it.plain(o.complete(it, f, text))
		enc, err := sms.Plan(text.Reveal(), sms.Options{})
		if ok = err == nil; ok {
			it.encoded = enc
			it.draft.Body, it.draft.Segments, it.draft.Coding = text, len(enc.Segments), enc.Label()
		}
	}
	f.Text.Incomplete = !ok
}

// render writes the text in the reader's language. One that should offer digits when none is free on the number says whom
// to call; where its own words cannot, those that ship do.
func (o *Outbox) render(it *item) (phi.Text, bool) {
	if it.draft.Template == "" {
		text := words(it.draft)
		return text, !text.IsEmpty()
	}
	if it.variant == nil {
		return phi.Text{}, false
	}
	it.draft.Locale, it.draft.TemplateVersion = string(it.variant.locale), it.text.Version
	text, err := it.variant.template.Render(o.values(it))
	if err != nil && it.question.failed() && it.text.plain != nil {
		if v := it.text.plain.choose(it.draft.Locale, it.person.Language, it.place, it.org.Locale); v != nil {
			it.variant, it.draft.Locale, it.draft.TemplateVersion = v, string(v.locale), it.text.plain.Version
			text, err = v.template.Render(o.values(it))
		}
	}
	return text, err == nil
}

// plain writes a text of a template in plain letters, names and all, where somebody chose that for its language and it
// costs less so. What staff wrote stays as they wrote it.
func (it *item) plain(text phi.Text) phi.Text {
	it.draft.Flags &^= message.PlainLetters
	if it.variant == nil || !it.org.PlainLetters.Has(it.variant.locale.Base()) || !content.PlainForm(it.variant.locale) {
		return text
	}
	plain, cheaper := sms.Cheaper(text.Reveal(), string(it.variant.locale), sms.Options{})
	if !cheaper {
		return text
	}
	it.draft.Flags |= message.PlainLetters
	return phi.T(plain)
}

// values are what the template may say.
func (o *Outbox) values(it *item) content.Values {
	v := content.Values{Locale: it.variant.format, Now: it.at, Text: make(map[content.Name]string, 8)}
	set := func(n content.Name, s string) {
		if s != "" {
			v.Text[n] = s
		}
	}
	set(content.ClinicName, it.org.Name)
	if p := it.place; p != nil {
		set(content.ClinicPhone, p.phone)
		set(content.LocationName, p.Name)
		set(content.LocationAddress, p.Address)
	}
	if it.contact == nil || it.contact.Relationship != patient.Shared {
		set(content.PatientFirstName, it.person.Facts.FirstName().Reveal())
	}
	if it.visit != nil {
		set(content.PractitionerName, it.org.practitioners[it.visit.Practitioner])
		v.Visit = content.Moment{At: it.visit.Start, Zone: o.visitZone(it)}
	}
	for n, text := range it.draft.Vars {
		if n == oldStart {
			if at, err := time.Parse(time.RFC3339, text.Reveal()); err == nil {
				v.Old = content.Moment{At: at, Zone: o.visitZone(it)}
			}
			continue
		}
		if n == wantedCodes || n == ownWords {
			continue
		}
		v.Text[content.Name(n)] = text.Reveal()
	}
	if it.draft.Flags.Has(message.VisitEnded) && !v.Old.At.IsZero() {
		v.Visit = v.Old // a visit that moved and was then cancelled: the patient knows it by the old time
	}
	return v
}

// visitZone is the clock on the wall where the visit is.
func (o *Outbox) visitZone(it *item) *time.Location {
	if it.visit != nil {
		if z := o.zones.get(it.visit.Zone); z != nil {
			return z
		}
	}
	if it.place != nil && it.place.zone != nil {
		return it.place.zone
	}
	return time.UTC
}
