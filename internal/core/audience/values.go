package audience

import (
	"fmt"
	"reflect"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"carillon.dev/carillon/internal/core/patient"
)

// Types of the language that only have methods.
var (
	codesType   = cel.OpaqueType("codes")
	listsType   = cel.OpaqueType("lists")
	placeType   = cel.OpaqueType("place")
	visitsType  = cel.OpaqueType("visits")
	consentType = cel.OpaqueType("consents")
	textsType   = cel.OpaqueType("texts")
)

// handle is a value of one of these types: the person under evaluation, seen from one side.
type handle struct {
	kind *cel.Type
	seen *view
	// codes and tags are set for the sides that are lists.
	codes []patient.Code
	tags  bool
}

// ConvertToNative refuses: nothing outside of the language reads a handle.
func (h *handle) ConvertToNative(reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s is no plain value", h.kind.TypeName())
}

// ConvertToType refuses too.
func (h *handle) ConvertToType(ref.Type) ref.Val { return types.NoSuchOverloadErr() }

// Equal holds for the very same value only.
func (h *handle) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(h)) }

// Type is the handle's type.
func (h *handle) Type() ref.Type { return h.kind }

// Value is the handle itself.
func (h *handle) Value() any { return h }

// missing says that a rule asks for a fact that is not known.
type missing struct{ fact Fact }

func (m missing) Error() string { return "not known: " + string(m.fact) }

// lacks are the values that stand for missing facts, made once.
var lacks = func() map[Fact]ref.Val {
	out := map[Fact]ref.Val{}
	for _, f := range []Fact{FactBirthDate, FactSex, FactCountry, FactRegion, FactPostalCode, FactPlace, FactLastVisit, FactNextVisit, FactOther} {
		out[f] = types.WrapErr(missing{f})
	}
	return out
}()

// unread stands for rows that were not loaded yet: && and || may decide without them.
var unread = types.WrapErr(errUnread{})

type errUnread struct{}

func (errUnread) Error() string { return "not loaded" }

// hasCode reports whether one of the codes is asked for: "E11.9", "E11*" for all that begin so, "system|code" for one
// system. Case does not matter.
func hasCode(codes []patient.Code, want string) bool {
	system, code, named := strings.Cut(want, "|")
	if !named {
		system, code = "", want
	}
	prefix, open := strings.CutSuffix(code, "*")
	for i := range codes {
		c := codes[i].Code.Reveal()
		if named && !strings.EqualFold(codes[i].System, system) {
			continue
		}
		if open && len(c) >= len(prefix) && strings.EqualFold(c[:len(prefix)], prefix) {
			return true
		}
		if !open && strings.EqualFold(c, code) {
			return true
		}
	}
	return false
}
