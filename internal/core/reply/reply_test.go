package reply_test

import (
	"testing"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
)

// reader is the shipped tables and rules with a day.
type reader struct {
	words *reply.Words
	book  *rules.Book
	day   quiet.Day
}

func setup(t testing.TB) reader {
	t.Helper()
	w, err := reply.LoadWords()
	if err != nil {
		t.Fatal(err)
	}
	b, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	d, err := quiet.ParseDay("2026-11-23")
	if err != nil {
		t.Fatal(err)
	}
	return reader{w, b, d}
}

var visit = reply.OpenQuestion{ID: "q1", Subject: "visit-1", Choices: []reply.Choice{
	{Code: "1", Intent: reply.Confirm}, {Code: "2", Intent: reply.Cancel}, {Code: "3", Intent: reply.Reschedule}, {Code: "4", Intent: reply.Question}}}

func (r reader) read(text, country, lang string, open ...reply.OpenQuestion) reply.Result {
	in := reply.Input{Text: phi.T(text), SenderCountry: country, Open: open, Day: r.day}
	if lang != "" {
		in.Languages = []string{lang}
	}
	return r.words.Interpret(in, r.book)
}

func TestReservedWordsComeFirst(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for _, c := range []struct {
		text, country, lang string
		intent              reply.Intent
		grade               reply.Grade
		task                bool
	}{
		{"STOP", "US", "en", reply.OptOut, reply.Sure, false},
		{"Stop. Thank you", "GB", "en", reply.OptOut, reply.Sure, false},
		{"please stop texting me", "US", "en", reply.OptOut, reply.Sure, false},
		{"proszę nie pisać", "PL", "pl", reply.OptOut, reply.Sure, false},
		{"no me escriban más", "US", "es", reply.OptOut, reply.Sure, false},
		{"别再发短信", "CN", "zh", reply.OptOut, reply.Sure, false},
		{"別再發簡訊給我", "TW", "zh", reply.OptOut, reply.Sure, false},
		{"لا ترسلوا", "SA", "ar", reply.OptOut, reply.Sure, false},
		{"CANCEL", "US", "en", reply.OptOut, reply.Sure, true},
		{"Cancel", "GB", "en", reply.Cancel, reply.No, false},
		{"cancel please", "US", "en", reply.OptOut, reply.Likely, true},
		{"I'll stop by at 5", "US", "en", reply.Unclear, reply.No, false},
		{"can I stop the tablets?", "GB", "en", reply.Question, reply.No, false},
		{"can you stop texting me?", "GB", "en", reply.OptOut, reply.Likely, true},
		{"I have chest pain. STOP", "US", "en", reply.Urgent, reply.Likely, true},
		{"stp", "GB", "en", reply.Unclear, reply.No, false},
		{"unsubscibe", "GB", "en", reply.OptOut, reply.Likely, true},
		{"ARRET", "GB", "en", reply.OptOut, reply.Likely, true},
		{"HELP", "PL", "pl", reply.Help, reply.No, false},
		{"START", "PL", "pl", reply.Start, reply.No, false},
		{"T", "CN", "zh", reply.OptOut, reply.Sure, false},
		{"T", "PL", "pl", reply.Confirm, reply.No, false},
		{"YES", "US", "en", reply.Confirm, reply.No, false},
	} {
		got := r.read(c.text, c.country, c.lang, visit)
		if got.Intent != c.intent || got.OptOut != c.grade || got.StaffTask != c.task {
			t.Errorf("%q (%s, %s): %s %s task %v by %s", c.text, c.country, c.lang, got.Intent, got.OptOut, got.StaffTask, got.Evidence)
		}
	}
	if got := r.read("Yes", "US", "en"); got.Intent != reply.Start {
		t.Errorf("YES without a question in the US: %s", got.Intent)
	}
}

func TestOnlyTheWholeMessageActs(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for _, c := range []struct {
		text, lang string
		intent     reply.Intent
		acts       bool
	}{
		{"Yes, Friday please", "en", reply.Unclear, false},
		{"yes please thank you", "en", reply.Confirm, true},
		{"tak, będę", "pl", reply.Confirm, true},
		{"tak bede", "pl", reply.Confirm, true},
		{"ok 👍", "en", reply.Confirm, true},
		{"👍🏽", "en", reply.Confirm, true},
		{"ok 👎", "en", reply.Unclear, false},
		{"yes, cancel it... confirm", "en", reply.Unclear, false},
		{"I can't come, need to reschedule", "en", reply.Reschedule, true},
		{"confrim", "en", reply.Confirm, true},
		{"potwierdzma", "pl", reply.Confirm, true},
		{"yes?", "en", reply.Question, true},
		{"1", "en", reply.Confirm, true}, {"1.", "en", reply.Confirm, true}, {"1)", "en", reply.Confirm, true},
		{"①", "zh", reply.Confirm, true}, {"٢", "ar", reply.Cancel, true}, {"３", "zh", reply.Reschedule, true},
		{"nr 1", "pl", reply.Confirm, true}, {"one", "pl", reply.Confirm, true}, {"jeden", "pl", reply.Confirm, true},
		{"dos", "es", reply.Cancel, true}, {"二", "zh", reply.Cancel, true}, {"ثلاثة", "ar", reply.Reschedule, true},
		{"1 please, thanks", "en", reply.Confirm, true}, {"1 yes", "en", reply.Confirm, true}, {"1 cancel", "en", reply.Unclear, false},
		{"7", "en", reply.Unclear, false}, {"1 or 2", "en", reply.Unclear, false}, {"12:30", "en", reply.Unclear, false},
		{"no", "en", reply.Unclear, false}, {"", "en", reply.Unclear, false}, {"🤷", "en", reply.Unclear, false},
		{"yes", "pl", reply.Confirm, true}, {"oui", "en", reply.Confirm, true},
		{"y", "pl", reply.Unclear, false},
	} {
		got := r.read(c.text, "GB", c.lang, visit)
		if got.Intent != c.intent || got.Acts() != c.acts {
			t.Errorf("%q (%s): %s acts %v by %s", c.text, c.lang, got.Intent, got.Acts(), got.Evidence)
		}
	}
}

// Each of these holds a word of the reply map or an opt-out, and means something else.
func TestNegationsAndLookAlikesNeverAct(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for lang, texts := range map[string][]string{
		"en": {"Please don't cancel my appointment", "do not cancel", "I don't want to cancel", "no don't cancel, I will be there", "yes I can't come",
			"ok cancel", "nonstop pain", "I want to opt out of the surgery", "please remove my stitches", "take me off the waiting list",
			"Stop by tomorrow?", "no more appointments please", "right knee", "Yes for me, no for my son", "1 and 2", "can come"},
		"pl": {"nie odwołuję", "nie odwołuj wizyty", "nie chcę odwoływać", "tak, odwołuję", "nie rezygnuję", "proszę o wypis ze szpitala",
			"proszę wykreślić mnie z listy oczekujących", "nie mogę się doczekać", "nie będę się spóźniać"},
		"es": {"no cancelen mi cita", "no quiero cancelar", "no cancelar", "sí, cancelo", "quiero darme de baja por enfermedad"},
		"zh": {"不取消", "不要取消", "我没说取消", "不改期", "不是不来", "别取消我的预约"},
		"fr": {"ne pas annuler", "n'annulez pas", "je n'annule pas", "je ne veux pas annuler", "arrêt de la pilule"},
		"de": {"nicht absagen", "ich sage nicht ab", "ich möchte nicht verschieben", "bitte löschen sie den termin nicht"},
		"ar": {"لا تلغوا الموعد", "لا أريد إلغاء الموعد", "لا تلغي", "أوقفت الدواء"},
	} {
		for _, text := range texts {
			got := r.read(text, "GB", lang, visit)
			if got.OptOut != reply.No || (got.Acts() && got.Intent != reply.Question) {
				t.Errorf("%s %q: %s %s by %s", lang, text, got.Intent, got.OptOut, got.Evidence)
			}
		}
	}
}
