package content

import (
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
)

// Render fills the template. A variable without a value and without a default is errs.Precondition, with the
// variable as Where: the text is not sent half empty.
func (t *Template) Render(v Values) (phi.Text, error) {
	if t.tree != nil {
		return t.renderTree(v)
	}
	var b strings.Builder
	b.Grow(len(t.body) + 64)
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		text, ok, err := v.get(p.name)
		switch {
		case err != nil:
			return phi.Text{}, err
		case ok:
			b.WriteString(text)
		case p.fallback:
			b.WriteString(p.text)
		default:
			return phi.Text{}, missing(p.name)
		}
	}
	return finish(b.String())
}

// finish trims the ends; a text of nothing is an error too.
func finish(text string) (phi.Text, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return phi.Text{}, errs.New(errs.Precondition, "the text is empty for this patient; check the template's conditions")
	}
	return phi.T(text), nil
}

func missing(n Name) error {
	return errs.New(errs.Precondition, "there is no value for this variable; fill it in, or give the template a default").At(string(n))
}

// renderTree runs the Liquid engine. Its errors may repeat values and do not name the variable at fault: that
// is the missing one with which the text would be whole.
func (t *Template) renderTree(v Values) (text phi.Text, err error) {
	bindings, absent, err := t.bind(v)
	if err != nil {
		return phi.Text{}, err
	}
	defer func() {
		if recover() != nil {
			text, err = phi.Text{}, errs.New(errs.Invalid, "the template cannot be filled; check its conditions and filters")
		}
	}()
	out, failed := t.tree.RenderString(bindings)
	if failed == nil {
		return finish(out)
	}
	for _, n := range absent {
		put(bindings, n, "x")
		if _, failed = t.tree.RenderString(bindings); failed == nil {
			return phi.Text{}, missing(n)
		}
	}
	return phi.Text{}, errs.New(errs.Invalid, "the template cannot be filled; check its conditions and filters")
}

// bind gives Liquid the variables that the template mentions, and says which have no value.
func (t *Template) bind(v Values) (map[string]any, []Name, error) {
	bindings := map[string]any{}
	var absent []Name
	for _, n := range t.names {
		text, ok, err := v.get(n)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			absent = append(absent, n)
			continue
		}
		put(bindings, n, text)
	}
	return bindings, absent, nil
}

func put(bindings map[string]any, n Name, text string) {
	group, field, nested := strings.Cut(string(n), ".")
	if !nested {
		bindings[group] = text
		return
	}
	fields, _ := bindings[group].(map[string]any)
	if fields == nil {
		fields = map[string]any{}
		bindings[group] = fields
	}
	fields[field] = text
}
