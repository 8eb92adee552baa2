package console

import (
	"errors"
	"net/http"

	"carillon.dev/carillon/internal/base/errs"
)

// statuses is the one table from kinds of errors to answers. Another organization's row is the same
// answer as no row: use-cases say NotFound for both.
var statuses = map[errs.Kind]int{
	errs.Invalid:         http.StatusUnprocessableEntity,
	errs.NotFound:        http.StatusNotFound,
	errs.Conflict:        http.StatusConflict,
	errs.Forbidden:       http.StatusForbidden,
	errs.Unauthenticated: http.StatusUnauthorized,
	errs.Precondition:    http.StatusConflict,
	errs.TooMany:         http.StatusTooManyRequests,
	errs.Unavailable:     http.StatusServiceUnavailable,
	errs.Internal:        http.StatusInternalServerError,
}

// fieldErrors are the mistakes of a form by field; "" is the form as a whole.
type fieldErrors map[string]string

// fieldsOf puts an error's safe text to the field it blames, in the reader's language where the catalogue
// has a sentence for that field.
func fieldsOf(w *Words, err error) fieldErrors {
	var e *errs.Error
	if !errors.As(err, &e) {
		return fieldErrors{"": w.T("error.internal.text")}
	}
	if key := "field." + e.Where + "." + string(e.Kind); e.Where != "" && w.Has(key) {
		return fieldErrors{e.Where: w.T(key)}
	}
	return fieldErrors{e.Where: e.Safe}
}

// fail shows the page for an error. p is the reader's page when one was made already.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, p *Page, err error) {
	if r.Context().Err() != nil {
		return // the reader has left
	}
	kind := errs.KindOf(err)
	status, ok := statuses[kind]
	if !ok {
		status = http.StatusInternalServerError
	}
	if status >= http.StatusInternalServerError {
		c.log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "kind", string(kind), "why", errs.Safe(err))
	}
	if p == nil {
		c.showError(w, r, status)
		return
	}
	c.show(w, r, status, errorView(p, status, safeDetail(err, status)))
}

// safeDetail is the use-case's own sentence, for the answers where it tells the reader what to do.
func safeDetail(err error, status int) string {
	if status == http.StatusNotFound || status >= http.StatusInternalServerError {
		return ""
	}
	return errs.Safe(err)
}

// showError shows an error to a reader of whom nothing is known.
func (c *Console) showError(w http.ResponseWriter, r *http.Request, status int) {
	c.show(w, r, status, bareErrorView(c.bare(r), status))
}

func (c *Console) notFound(w http.ResponseWriter, r *http.Request, p *Page) {
	c.show(w, r, http.StatusNotFound, errorView(p, http.StatusNotFound, ""))
}

func (c *Console) crossOrigin(w http.ResponseWriter, r *http.Request) {
	c.log.WarnContext(r.Context(), "cross-origin request refused", "method", r.Method)
	c.showError(w, r, http.StatusForbidden)
}

// errorKey is the catalogue's name of a status.
func errorKey(status int) string {
	switch status {
	case http.StatusNotFound:
		return "error.not_found"
	case http.StatusForbidden:
		return "error.forbidden"
	case http.StatusConflict:
		return "error.conflict"
	case http.StatusUnprocessableEntity:
		return "error.invalid"
	case http.StatusTooManyRequests:
		return "error.too_many"
	case http.StatusUnauthorized:
		return "error.unauthenticated"
	case http.StatusServiceUnavailable:
		return "error.unavailable"
	}
	return "error.internal"
}
