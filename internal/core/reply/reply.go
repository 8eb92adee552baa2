// Package reply says what an answer to a text means. Reserved words of the country come first, then a graded
// reading of opt-outs, emergencies and wrong numbers, then the menu of the open question, then the words of
// the reply map. An answer acts only when the whole message says one thing; anything more goes to a person.
// The package refuses to guess: what it does not read is Unclear, and a later classifier may only sort what
// is Unclear here, never overrule a reserved word. It refuses to act, too: callers do.
package reply

import (
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
)

// Intent is what the writer wants.
type Intent string

const (
	Confirm     Intent = "confirm"
	Cancel      Intent = "cancel"
	Reschedule  Intent = "reschedule"
	Question    Intent = "question"
	OptOut      Intent = "opt_out"
	Help        Intent = "help"
	Start       Intent = "start"
	Urgent      Intent = "urgent" // a person must look at once; never closed by a machine
	WrongNumber Intent = "wrong_number"
	Thanks      Intent = "thanks"
	AutoReply   Intent = "auto_reply" // a machine answered; answering it would loop
	Unclear     Intent = "unclear"
)

// Grade says how surely a message opts out.
type Grade string

const (
	Sure   Grade = "sure"   // revoke
	Likely Grade = "likely" // suspend what is not urgent, ask once, show to staff
	No     Grade = "no"
)

// Evidence is what the reading rests on.
type Evidence string

const (
	ByKeyword       Evidence = "keyword"        // the whole message is a reserved word
	ByKeywordPolite Evidence = "keyword_polite" // a reserved word and courtesies
	ByKeywordTypo   Evidence = "keyword_typo"
	ByForeignWord   Evidence = "keyword_of_other_language"
	ByPhrase        Evidence = "phrase"
	ByCode          Evidence = "code"
	ByWord          Evidence = "word"
	ByTypo          Evidence = "word_typo"
	ByEmoji         Evidence = "emoji"
	CodeUnknown     Evidence = "code_unknown" // a code that no open question gave
	CodeShared      Evidence = "code_shared"  // a code that several open questions gave
	Asked           Evidence = "question_mark"
	Mixed           Evidence = "mixed" // says two things
	Extra           Evidence = "extra" // nothing that covers the whole message
	Empty           Evidence = "empty"
)

// Confidence orders readings; below Good nothing is done without a person.
type Confidence int

const (
	Weak    Confidence = iota // a person decides
	Good                      // acts: words with a typo, words of another language
	Certain                   // acts: reserved words, codes, exact words
)

// Input is an answer with what is needed to read it.
type Input struct {
	Text phi.Text
	// SenderCountry is the country of the number that was texted (ISO 3166-1 alpha-2).
	SenderCountry string
	// Languages of the people at the number (BCP 47), the likeliest first; empty when unknown.
	Languages []string
	// Open are the open questions of the number.
	Open []OpenQuestion
	// Day is the local date at which the rules are read.
	Day quiet.Day
}

// Result is the reading.
type Result struct {
	Intent     Intent
	OptOut     Grade // set beside any Intent: an emergency may also say stop
	Code       string
	QuestionID string // the open question that gave Code, when exactly one did
	Evidence   Evidence
	Confidence Confidence
	// StaffTask: whatever is done, a person looks as well (CANCEL in the US may have meant the visit).
	StaffTask bool
	RuleID    string // rule behind a reserved word
	Language  string // whose words were used, when known
}

// Acts reports whether the reading alone may move something.
func (r Result) Acts() bool { return r.Confidence >= Good && r.Intent != Unclear && r.Intent != Urgent }

func unclear(why Evidence) Result { return Result{Intent: Unclear, OptOut: No, Evidence: why} }

// Interpret reads one answer. It is pure and safe for concurrent use. YES, where the country's rules make it
// an opt-in, is an answer while a question is open and an opt-in otherwise.
func (w *Words) Interpret(in Input, book *rules.Book) Result {
	m := w.read(in)
	set := book.For(in.SenderCountry, in.Day)
	if len(m.words) == 0 {
		return m.pictures()
	}
	if r, ok := m.keyword(set); ok {
		return r
	}
	grade, why, ruleID := m.optOut(set)
	if lang, ok := m.says(urgent); ok {
		return Result{Intent: Urgent, OptOut: grade, Evidence: ByPhrase, Confidence: Certain, StaffTask: true, Language: lang}
	}
	if lang, ok := m.says(wrongNumber); ok && !m.text.Question {
		return Result{Intent: WrongNumber, OptOut: grade, Evidence: ByPhrase, Confidence: Good, StaffTask: true, Language: lang}
	}
	if lang, ok := m.says(autoReply); ok {
		return Result{Intent: AutoReply, OptOut: No, Evidence: ByPhrase, Confidence: Good, Language: lang}
	}
	if grade != No {
		return graded(grade, why, ruleID)
	}
	if r, ok := m.code(); ok {
		return r
	}
	return m.answer()
}

func graded(g Grade, why Evidence, ruleID string) Result {
	r := Result{Intent: OptOut, OptOut: g, Evidence: why, Confidence: Weak, RuleID: ruleID, StaffTask: g == Likely}
	if g == Sure {
		r.Confidence = Certain
	}
	return r
}
