package content

import (
	"bytes"
	"embed"
	"io/fs"
	"slices"

	"go.yaml.in/yaml/v3"

	"carillon.dev/carillon/internal/base/errs"
)

// Key names a text that ships with Carillon and that an organization may replace.
type Key string

// The texts of the journey "appointment reminder" and of the answers to patients.
const (
	Booking              Key = "booking"                // a visit was booked; asks nothing
	Reminder7d           Key = "reminder-7d"            // a week ahead, with the reply map
	Reminder24h          Key = "reminder-24h"           // a day ahead, with the reply map
	Reminder2h           Key = "reminder-2h"            // hours ahead; asks nothing
	VisitMoved           Key = "visit-moved"            // old and new time, with the reply map
	VisitCancelled       Key = "visit-cancelled"        // the clinic cancelled
	VisitCorrection      Key = "visit-correction"       // an earlier text became false
	ReplyConfirmed       Key = "reply-confirmed"        // answer to "confirm"
	ReplyCancelled       Key = "reply-cancelled"        // answer to "cancel" where the calendar is ours
	ReplyCancelRequested Key = "reply-cancel-requested" // answer to "cancel" where another system owns the calendar
	ReplyRescheduleNoted Key = "reply-reschedule"       // answer to "reschedule"
	ReplyQuestionNoted   Key = "reply-question"         // answer to a question or a message for people
	ReplyNotUnderstood   Key = "reply-not-understood"   // answer to what fits no question; codes only when set
	ReplyAfterClose      Key = "reply-after-close"      // answer to a question that is closed
	OptOutConfirmation   Key = "opt-out-confirmation"   // the one text after STOP
	OptOutQuestion       Key = "opt-out-question"       // the one text after what may have been an opt-out
	HelpText             Key = "help"                   // answer to HELP
	StartConfirmation    Key = "start-confirmation"     // answer to START
)

// Keys are all texts that ship, in the order of a message's life.
func Keys() []Key {
	return []Key{Booking, Reminder7d, Reminder24h, Reminder2h, VisitMoved, VisitCancelled, VisitCorrection,
		ReplyConfirmed, ReplyCancelled, ReplyCancelRequested, ReplyRescheduleNoted, ReplyQuestionNoted,
		ReplyNotUnderstood, ReplyAfterClose, OptOutConfirmation, OptOutQuestion, HelpText, StartConfirmation}
}

//go:embed library/appointment/*.yaml
var shipped embed.FS

// Library is a set of texts by key and language.
type Library map[Key]Variants

// Shipped reads the texts that are built in. An error means a broken build.
func Shipped() (Library, error) { return readLibrary(shipped) }

// readLibrary reads one file per locale; every text must compile and every key be known.
func readLibrary(files fs.FS) (Library, error) {
	names, err := fs.Glob(files, "library/*/*.yaml")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the list of built-in texts cannot be read", err)
	}
	lib := Library{}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, errs.Wrap(errs.Internal, "a built-in text cannot be read", err)
		}
		if err := lib.add(name, raw); err != nil {
			return nil, err
		}
	}
	return lib, nil
}

func (lib Library) add(name string, raw []byte) error {
	var file struct {
		Locale string         `yaml:"locale"`
		Texts  map[Key]string `yaml:"texts"`
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		return &errs.Error{Kind: errs.Invalid, Safe: "this file of texts is not in its form", Where: name, Err: err}
	}
	l, err := ParseLocale(file.Locale)
	if err != nil {
		return &errs.Error{Kind: errs.Invalid, Safe: "the locale is not a language tag", Where: name, Err: err}
	}
	known := Keys()
	for key, body := range file.Texts {
		if !slices.Contains(known, key) {
			return errs.New(errs.Invalid, "there is no text of this key").At(name + ": " + string(key))
		}
		if _, err := Compile(body, AppointmentVars()); err != nil {
			return &errs.Error{Kind: errs.Invalid, Safe: errs.Safe(err), Where: name + ": " + string(key), Err: err}
		}
		if lib[key] == nil {
			lib[key] = Variants{}
		}
		lib[key][l] = body
	}
	return nil
}
