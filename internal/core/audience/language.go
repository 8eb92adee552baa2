package audience

import (
	"strings"

	"cel.dev/cel-go/cel"
	celenv "cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
)

// Word is one name of the language: a fact, or a question about one.
type Word struct {
	Name string // "age", "visits.seen"
	// Args are the kinds of its arguments: "days", "type", "purpose", "channel", "code", "tag", "list", "degrees".
	Args   []string
	Result string // "number", "text", "yes or no"
	Need   Need
	About  string // one line for the manual
}

// Words lists the language, in the order of the manual.
func Words() []Word { return words }

var words = []Word{
	{"age", nil, number, NeedBirth, "full years at the day of asking, in the location's time zone"},
	{"sex", nil, text, NeedSex, "male, female, other or unknown"},
	{"kind", nil, text, 0, "patient, member or resident"},
	{"status", nil, text, 0, "active, inactive or deceased"},
	{"language", nil, text, 0, "a language code, such as pl or zh-Hant"},
	{"location", nil, text, 0, "the name of the person's location"},
	{"country", nil, text, NeedAddress, "two letters: of the address, else of the location"},
	{"region", nil, text, 0, "the part of the country that the location is in, such as NY"},
	{"postal_code", nil, text, NeedAddress, "without spaces and signs, in capitals; ask by startsWith"},
	{"home.km_from", []string{"degrees", "degrees"}, number, NeedAddress, "kilometres from a latitude and longitude to the postal area, else to the location"},
	{"tags.has", []string{"tag"}, yesNo, NeedTags, "has the tag"},
	{"conditions.has", []string{"code"}, yesNo, NeedConditions, "has the coded condition: E11.9, E11* for all below, system|code for one system"},
	{"medications.has", []string{"code"}, yesNo, NeedMedications, "takes the coded medication, such as A10BA02 or A10*"},
	{"lists.has", []string{"list"}, yesNo, NeedLists, "stands on the uploaded list"},
	{"prefers", nil, text, NeedPrefers, "sms, email, voice or letter; empty when nothing was said"},
	{"visits.seen", []string{"days", "type?"}, yesNo, NeedVisits, "a visit took place within the last days"},
	{"visits.booked", []string{"days", "type?"}, yesNo, NeedVisits, "is expected within the next days"},
	{"visits.days_since_last", []string{"type?"}, number, NeedVisits, "days since the last visit"},
	{"visits.days_until_next", []string{"type?"}, number, NeedVisits, "days until the next visit"},
	{"visits.no_shows", []string{"days"}, number, NeedVisits, "visits missed within the last days"},
	{"consent.given", []string{"purpose", "channel?"}, yesNo, NeedConsents, "has agreed, by the ledger; the channel is sms when it is not said"},
	{"texts.received", []string{"days", "purpose?"}, number, NeedTexts, "texts that reached the person within the last days"},
	{"texts.answered", []string{"days"}, number, NeedAnswers, "questions of ours that the person answered within the last days"},
}

const (
	number = "number"
	text   = "text"
	yesNo  = "yes or no"
)

// Usage is how the word is written, such as visits.seen(days, type?).
func (w Word) Usage() string {
	if len(w.Args) == 0 {
		return w.Name
	}
	return w.Name + "(" + strings.Join(w.Args, ", ") + ")"
}

// wordOf finds a word by its name.
func wordOf(name string) (Word, bool) {
	for _, w := range words {
		if w.Name == name {
			return w, true
		}
	}
	return Word{}, false
}

// limits of a rule: what a person can read is far below them.
const (
	maxText  = 8 << 10
	maxNodes = 400
	maxDepth = 40
)

// allowed are the operators that the language has beside its words. There is no loop, no arithmetic and no regular expression: the
// work for one person is bounded by the length of the rule.
var allowed = []string{"_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "startsWith"}

// newEnv declares the language.
func newEnv() (*cel.Env, error) {
	std := celenv.NewLibrarySubset().SetDisableMacros(true)
	for _, f := range allowed {
		std.AddIncludedFunctions(celenv.NewFunction(f))
	}
	opts := []cel.EnvOption{cel.StdLib(cel.StdLibSubset(std)), cel.ParserRecursionLimit(maxDepth), cel.ParserExpressionSizeLimit(maxText),
		cel.CrossTypeNumericComparisons(true)}
	for _, w := range words {
		if len(w.Args) == 0 && w.Result == number {
			opts = append(opts, cel.Variable(w.Name, cel.IntType))
		} else if len(w.Args) == 0 {
			opts = append(opts, cel.Variable(w.Name, cel.StringType))
		}
	}
	opts = append(opts, cel.Variable("home", placeType), cel.Variable("tags", codesType), cel.Variable("conditions", codesType),
		cel.Variable("medications", codesType), cel.Variable("lists", listsType), cel.Variable("visits", visitsType),
		cel.Variable("consent", consentType), cel.Variable("texts", textsType))
	return cel.NewCustomEnv(append(opts, methods()...)...)
}

// method declares one question; the last of args may be left out when short is set, and is then empty.
func method(name string, of *cel.Type, args []*cel.Type, result *cel.Type, short bool, do func(h *handle, a []ref.Val) ref.Val) cel.EnvOption {
	bind := cel.FunctionBinding(func(v ...ref.Val) ref.Val {
		h, ok := v[0].(*handle)
		if !ok {
			return types.MaybeNoSuchOverloadErr(v[0])
		}
		return do(h, v[1:])
	})
	long := append([]*cel.Type{of}, args...)
	id := of.TypeName() + "_" + name
	over := []cel.FunctionOpt{cel.MemberOverload(id, long, result, bind)}
	if short {
		over = append(over, cel.MemberOverload(id+"_any", long[:len(long)-1], result, bind))
	}
	return cel.Function(name, over...)
}

func methods() []cel.EnvOption {
	str, whole, deg, yes := cel.StringType, cel.IntType, cel.DoubleType, cel.BoolType
	days := func(a []ref.Val) int64 { return int64(a[0].(types.Int)) }
	return []cel.EnvOption{
		method("has", codesType, []*cel.Type{str}, yes, false, func(h *handle, a []ref.Val) ref.Val {
			if h.tags {
				return types.Bool(h.seen.hasTag(textAt(a, 0)))
			}
			return types.Bool(hasCode(h.codes, textAt(a, 0)))
		}),
		method("has", listsType, []*cel.Type{str}, yes, false, func(h *handle, a []ref.Val) ref.Val { return h.seen.onList(textAt(a, 0)) }),
		method("km_from", placeType, []*cel.Type{deg, deg}, deg, false, func(h *handle, a []ref.Val) ref.Val {
			at, ok := h.seen.place()
			if !ok {
				return lacks[FactPlace]
			}
			return types.Double(Distance(at, Coord{float64(a[0].(types.Double)), float64(a[1].(types.Double))}))
		}),
		method("seen", visitsType, []*cel.Type{whole, str}, yes, true, func(h *handle, a []ref.Val) ref.Val { return h.seen.seen(days(a), textAt(a, 1)) }),
		method("booked", visitsType, []*cel.Type{whole, str}, yes, true, func(h *handle, a []ref.Val) ref.Val { return h.seen.booked(days(a), textAt(a, 1)) }),
		method("days_since_last", visitsType, []*cel.Type{str}, whole, true, func(h *handle, a []ref.Val) ref.Val { return h.seen.sinceLast(textAt(a, 0)) }),
		method("days_until_next", visitsType, []*cel.Type{str}, whole, true, func(h *handle, a []ref.Val) ref.Val { return h.seen.untilNext(textAt(a, 0)) }),
		method("no_shows", visitsType, []*cel.Type{whole}, whole, false, func(h *handle, a []ref.Val) ref.Val { return h.seen.noShows(days(a)) }),
		method("given", consentType, []*cel.Type{str, str}, yes, true, func(h *handle, a []ref.Val) ref.Val {
			ch := patient.Channel(textAt(a, 1))
			if ch == "" {
				ch = patient.SMS
			}
			return h.seen.given(purpose.Purpose(textAt(a, 0)), ch)
		}),
		method("received", textsType, []*cel.Type{whole, str}, whole, true, func(h *handle, a []ref.Val) ref.Val {
			return h.seen.received(days(a), purpose.Purpose(textAt(a, 1)))
		}),
		method("answered", textsType, []*cel.Type{whole}, whole, false, func(h *handle, a []ref.Val) ref.Val { return h.seen.answered(days(a)) }),
	}
}

// textAt is a text argument, empty when it was left out.
func textAt(a []ref.Val, i int) string {
	if i >= len(a) {
		return ""
	}
	s, _ := a[i].(types.String)
	return string(s)
}
