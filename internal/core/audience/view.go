package audience

import (
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
)

// view is one person in one world, as the interpreter asks for names. It is used by one evaluation at a time.
type view struct {
	world *World
	p     *Person

	codes, tags, meds, lists, home, visits, consents, texts handle
}

func newView(w *World) *view {
	v := &view{world: w}
	for h, k := range map[*handle]*types.Type{&v.codes: codesType, &v.tags: codesType, &v.meds: codesType, &v.lists: listsType,
		&v.home: placeType, &v.visits: visitsType, &v.consents: consentType, &v.texts: textsType} {
		h.kind, h.seen = k, v
	}
	v.tags.tags = true
	return v
}

// Parent is none: a rule sees the person and nothing else.
func (v *view) Parent() interpreter.Activation { return nil }

// ResolveName is the value of one of the language's names.
func (v *view) ResolveName(name string) (any, bool) {
	switch name {
	case "status":
		return types.String(v.p.Status), true
	case "kind":
		return types.String(v.p.Kind), true
	case "language":
		return types.String(v.p.Language), true
	case "location":
		return types.String(v.world.Sites[v.p.Location].Name), true
	case "prefers":
		return types.String(v.p.Facts.PreferredChannel), true
	case "age":
		return v.age(), true
	case "sex":
		return known(v.p.Facts.Sex, FactSex), true
	case "country":
		return known(v.country(), FactCountry), true
	case "region":
		return known(v.world.Sites[v.p.Location].Region, FactRegion), true
	case "postal_code":
		return known(PlainPostal(v.p.Facts.Address.PostalCode.Reveal()), FactPostalCode), true
	}
	return v.side(name)
}

// side is a name that has only methods.
func (v *view) side(name string) (any, bool) {
	switch name {
	case "home":
		return &v.home, true
	case "tags":
		return &v.tags, true
	case "conditions":
		v.codes.codes = v.p.Facts.Conditions
		return &v.codes, true
	case "medications":
		v.meds.codes = v.p.Facts.Medications
		return &v.meds, true
	case "lists":
		return &v.lists, true
	case "visits":
		return &v.visits, true
	case "consent":
		return &v.consents, true
	case "texts":
		return &v.texts, true
	}
	return nil, false
}

func known(s string, f Fact) ref.Val {
	if s == "" {
		return lacks[f]
	}
	return types.String(s)
}

func (v *view) age() ref.Val {
	today := v.world.Now
	if z := v.world.Sites[v.p.Location].Zone; z != nil {
		today = today.In(z)
	}
	if n, ok := Age(v.p.Facts.BirthDate.Reveal(), today); ok {
		return types.Int(n)
	}
	return lacks[FactBirthDate]
}

// country is where the person lives, else where the location is.
func (v *view) country() string {
	if c := v.p.Facts.Address.Country; c != "" {
		return c
	}
	return v.world.Sites[v.p.Location].Country
}

// place is where the person is: the postal area, else the location.
func (v *view) place() (Coord, bool) {
	if code := v.p.Facts.Address.PostalCode.Reveal(); code != "" {
		if c, ok := v.world.Areas.Find(v.country(), code); ok {
			return c, true
		}
	}
	if at := v.world.Sites[v.p.Location].At; at != nil {
		return *at, true
	}
	return Coord{}, false
}

func (v *view) hasTag(want string) bool {
	for _, t := range v.p.Facts.Tags {
		if t.Reveal() == want {
			return true
		}
	}
	return false
}

func (v *view) onList(name string) ref.Val {
	if !v.p.Loaded.Has(NeedLists) {
		return unread
	}
	l, ok := v.world.Names.Lists[name]
	if !ok {
		return lacks[FactOther]
	}
	for _, have := range v.p.Rows.Lists {
		if have == l.Roll {
			return types.True
		}
	}
	return types.False
}

// given folds the ledger for every number of the person on the channel.
func (v *view) given(p purpose.Purpose, ch patient.Channel) ref.Val {
	if !v.p.Loaded.Has(NeedConsents) {
		return unread
	}
	q := consent.Query{Person: v.p.Rows.Person, Channel: ch, Purpose: p, At: v.world.Now}
	asked := false
	for _, c := range v.p.Rows.Points {
		if c.Channel != ch {
			continue
		}
		asked = true
		q.Point = c.ID
		if s := consent.Fold(v.p.Rows.Entries, q); s.Granted && !s.OptedOut {
			return types.True
		}
	}
	if asked {
		return types.False
	}
	q.Point = id.ID{}
	return types.Bool(consent.Fold(v.p.Rows.Entries, q).Granted)
}

func (v *view) received(days int64, p purpose.Purpose) ref.Val {
	if !v.p.Loaded.Has(NeedTexts) {
		return unread
	}
	since := v.world.Now.Add(-daysOf(days))
	n := 0
	for _, t := range v.p.Rows.Texts {
		if !t.At.Before(since) && (p == "" || t.Purpose == p) {
			n++
		}
	}
	return types.Int(n)
}

func (v *view) answered(days int64) ref.Val {
	if !v.p.Loaded.Has(NeedAnswers) {
		return unread
	}
	since := v.world.Now.Add(-daysOf(days))
	n := 0
	for _, at := range v.p.Rows.Answers {
		if !at.Before(since) {
			n++
		}
	}
	return types.Int(n)
}

// maxDays is how far a rule may look back or ahead: two centuries.
const maxDays = 73050

func daysOf(n int64) time.Duration { return time.Duration(min(max(n, 0), maxDays)) * 24 * time.Hour }
