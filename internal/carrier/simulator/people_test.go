package simulator

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestPeopleReadTheMenu(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want map[intent]string
	}{
		{"Your visit is on Tue 3 March at 9:30. Reply 1 to confirm, 2 to cancel, 3 to reschedule or 4 to ask a question. STOP to end.",
			map[intent]string{confirm: "1", cancel: "2", reschedule: "3", question: "4"}},
		{"Wizyta we wtorek 3.03 o 9:30. Odpisz 1 - potwierdzam, 2 - odwołuję, 3 - przełożyć.", map[intent]string{confirm: "1", cancel: "2", reschedule: "3"}},
		{"Su cita: 03/03 9:30. Responda 1 para confirmar, 2 para cancelar, 3 para cambiar.", map[intent]string{confirm: "1", cancel: "2", reschedule: "3"}},
		{"您的预约：3月3日9:30。请回复1确认，2取消，3改期。", map[intent]string{confirm: "1", cancel: "2", reschedule: "3"}},
		{"Votre rendez-vous: mardi 9h30. Répondez 1 pour confirmer, 2 pour annuler, 3 pour reporter.", map[intent]string{confirm: "1", cancel: "2", reschedule: "3"}},
		{"Ihr Termin am Dienstag um 9:30. Antworten Sie 1 bestätigen, 2 absagen, 3 verschieben.", map[intent]string{confirm: "1", cancel: "2", reschedule: "3"}},
		{"موعدك يوم الثلاثاء. أرسل 1 للتأكيد، 2 للإلغاء، 3 تغيير الموعد", map[intent]string{confirm: "1", cancel: "2", reschedule: "3"}},
		{"Are you coming? Yes: 5, cancel: 6", map[intent]string{confirm: "5", cancel: "6"}},
		{"Your visit is tomorrow at 9:30, room 7.", map[intent]string{}},
	} {
		if d := cmp.Diff(c.want, menu(c.text)); d != "" {
			t.Errorf("%s\n%s", c.text, d)
		}
	}
}

// The town has its own phrases and its own way to read, but it must be able to read what clinics really send.
func TestPeopleUnderstandTheShippedTexts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../core/content/testdata/appointment/*.golden")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lang, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".golden"), "-")
		for block := range strings.SplitSeq(string(b), "\n\n") {
			head, text, _ := strings.Cut(strings.TrimSpace(block), "\n")
			name, _, _ := strings.Cut(head, " ")
			switch name {
			case "reminder-7d", "reminder-24h", "visit-moved", "visit-correction":
				if d := cmp.Diff(map[intent]string{confirm: "1", cancel: "2", reschedule: "3"}, menu(text)); d != "" || !invites(text) || languageOf(text) != lang {
					t.Errorf("%s, read as %s: %s\n%s", lang, languageOf(text), text, d)
				}
			case "booking", "visit-cancelled", "reply-confirmed", "opt-out-confirmation", "help", "start-confirmation":
				if invites(text) {
					t.Errorf("%s: people would answer: %s", lang, text)
				}
			}
		}
	}
}

func TestPeopleKnowTheLanguageOfAText(t *testing.T) {
	t.Parallel()
	for want, text := range map[string]string{
		"en": "Reminder: your appointment is on Tuesday at 9:30. Reply 1 to confirm.",
		"pl": "Przypominamy: wizyta we wtorek o 9:30. Odpisz 1, by potwierdzic.",
		"es": "Le recordamos su cita el martes a las 9:30. Responda 1 para confirmar.",
		"zh": "提醒：您的预约在周二9:30。",
		"fr": "Rappel : votre rendez-vous est mardi. Répondez 1 pour confirmer.",
		"de": "Erinnerung: Ihr Termin ist am Dienstag um 9:30. Antworten Sie mit 1.",
		"ar": "تذكير: موعدك يوم الثلاثاء",
	} {
		if got := languageOf(text); got != want {
			t.Errorf("%s was taken for %s", text, got)
		}
	}
}

func TestTextsThatInviteAnAnswer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Reply 1 to confirm": true, "Odpisz TAK": true, "Will you come?": true, "您来吗？": true, "هل ستحضر؟": true,
		"You will get no more texts from us.": false, "Wizyta odwołana.": false,
	} {
		if invites(text) != want {
			t.Errorf("%q invites an answer: %v", text, !want)
		}
	}
}

func TestTheTownAnswersAsConfigured(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Seed: 11, People: true, Answers: Answers{Reply: 0.5, Confirm: 70, Cancel: 10, Reschedule: 5, Question: 5, Stop: 3, Unclear: 7, Digits: 0.6, Foreign: 0.05}})
	if err != nil {
		t.Fatal(err)
	}
	const n = 20_000
	var by [intents]int
	answers, digits := 0, 0
	for i := range uint64(n) {
		r, ok := s.react(throw(11, mix(i), 0), "Reply 1 to confirm, 2 to cancel. Is 9:30 fine?")
		if !ok {
			continue
		}
		answers++
		by[r.intent]++
		if len([]rune(r.text)) <= 3 && (r.intent == confirm || r.intent == cancel) && unicode.IsDigit([]rune(r.text + "x")[0]) {
			digits++
		}
	}
	near := func(what string, got, want float64) {
		if got < want*0.85 || got > want*1.15 {
			t.Errorf("%s: %.3f, configured %.3f", what, got, want)
		}
	}
	near("answers", float64(answers)/n, 0.5)
	for i, w := range [intents]float64{confirm: .70, cancel: .10, reschedule: .05, question: .05, stop: .03, unclear: .07} {
		near(fmt.Sprint("intent ", i), float64(by[i])/float64(answers), w)
	}
	if digits == 0 {
		t.Error("nobody types a digit")
	}
}

func TestEveryLanguageCanSayEverything(t *testing.T) {
	t.Parallel()
	for _, lang := range languages {
		for i := range intents {
			if len(phrases[lang][i]) < 3 {
				t.Errorf("%s has %d phrases for intent %d", lang, len(phrases[lang][i]), i)
			}
		}
	}
	if len(phrases) != len(languages) {
		t.Errorf("%d languages have phrases, %d are listed", len(phrases), len(languages))
	}
}

func TestTheTallyCountsExactlyAndStaysBounded(t *testing.T) {
	t.Parallel()
	y := newTally(5000)
	for round := range 3 {
		for i := range uint64(5000) {
			if before, ok := y.add(mix(i)); !ok || before != round {
				t.Fatalf("key %d in round %d: %d before, %v", i, round, before, ok)
			}
		}
	}
	if _, ok := y.add(mix(9999)); ok {
		t.Fatal("a key beyond the bound was remembered")
	}
	if !y.has(mix(1)) || y.has(mix(9999)) || len(y.keys) > 8192 {
		t.Fatalf("%d places for 5,000 keys", len(y.keys))
	}
	if before, _ := y.add(0); before != 0 { // full, and zero is a key like others
		t.Fatal("zero was taken for an empty place")
	}
}
