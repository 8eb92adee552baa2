package console

import (
	"net/http"
	"slices"
	"strconv"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/org"
)

// setBudget changes how many texts one person gets.
func (c *Console) setBudget(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	var b org.Budget
	var err error
	if b.Day, err = limitTyped(r.PostForm.Get("day"), "day"); err == nil {
		b.Week, err = limitTyped(r.PostForm.Get("week"), "week")
	}
	if err == nil {
		err = c.need.Settings.SetBudget(r.Context(), p.Scope, b)
	}
	switch errs.KindOf(err) {
	case "":
		back(w, r, "/settings", "budget")
	case errs.Invalid:
		p.Org.Budget = b
		c.showSettings(w, r, p, http.StatusUnprocessableEntity, settingsView{Errors: fieldsOf(p.W, err), Part: "budget"})
	default:
		c.fail(w, r, p, err)
	}
}

func limitTyped(s, field string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, errs.New(errs.Invalid, "choose a number of texts").At(field)
	}
	if n == 0 {
		return org.Unlimited, nil
	}
	return n, nil
}

// budgetOf is a limit that holds; 0 is none.
func budgetOf(p *Page, name string) int {
	day, week := p.Org.Budget.Limits()
	if name == "day" {
		return day
	}
	return week
}

// budgetChoices are the numbers that are offered, with the one that holds; 0 is no limit.
func budgetChoices(p *Page, name string) []int {
	all := []int{1, 2, 3, 4, 5, 6, 8, 10}
	if name == "week" {
		all = []int{2, 3, 4, 5, 6, 7, 10, 14, 21}
	}
	if n := budgetOf(p, name); n > 0 && !slices.Contains(all, n) {
		all = append(all, n)
		slices.Sort(all)
	}
	return append(all, 0)
}

// formNumber is a number as a form sends it back.
func formNumber(n int) string { return strconv.Itoa(n) }

func budgetWords(w *Words, n int) string {
	if n == 0 {
		return w.T("budget.none")
	}
	return w.N("budget.texts", n)
}
