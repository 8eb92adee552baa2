package console

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/engine/intake"
)

type importsView struct {
	List   []feed.Import
	Late   []intake.Overdue
	Kind   string
	Source string
	Errors fieldErrors
}

func (c *Console) imports(w http.ResponseWriter, r *http.Request, p *Page) {
	c.showImports(w, r, p, http.StatusOK, importsView{})
}

func (c *Console) showImports(w http.ResponseWriter, r *http.Request, p *Page, status int, v importsView) {
	var err error
	if v.List, err = c.need.Imports.Recent(r.Context(), p.Scope); err != nil {
		c.fail(w, r, p, err)
		return
	}
	if v.Late, err = c.need.Imports.Overdue(r.Context(), p.Scope); err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, status, importsPage(p, v))
}

// upload streams the file into the sealed store; nothing of it touches this machine's disk in the clear.
func (c *Console) upload(w http.ResponseWriter, r *http.Request, p *Page) {
	r.Body = http.MaxBytesReader(w, r.Body, intake.MaxBytes+maxForm)
	form, err := r.MultipartReader()
	if err != nil {
		c.fail(w, r, p, errs.Wrap(errs.Invalid, "the form could not be read: choose the file again", err))
		return
	}
	u, err := uploadOf(form)
	var imp feed.Import
	if err == nil {
		imp, err = c.need.Imports.Begin(r.Context(), p.Scope, u)
	}
	switch errs.KindOf(err) {
	case "":
		http.Redirect(w, r, "/imports/"+imp.ID.String(), http.StatusSeeOther)
	case errs.Invalid, errs.TooMany:
		c.showImports(w, r, p, http.StatusUnprocessableEntity, importsView{Kind: string(u.Kind), Source: u.Source, Errors: fieldsOf(p.W, err)})
	default:
		c.fail(w, r, p, err)
	}
}

// uploadOf reads the form's fields up to the file, which comes last.
func uploadOf(form *multipart.Reader) (u intake.Upload, err error) {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return u, errs.New(errs.Invalid, "choose a file").At("file")
		}
		if err != nil {
			return u, errs.Wrap(errs.Invalid, "the upload broke off: try again", err)
		}
		if part.FormName() == "file" {
			file := bufio.NewReader(part)
			if _, err := file.Peek(1); err != nil {
				return u, errs.New(errs.Invalid, "choose a file").At("file")
			}
			u.File = file
			return u, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, 1000))
		if err != nil {
			return u, errs.Wrap(errs.Invalid, "the upload broke off: try again", err)
		}
		switch part.FormName() {
		case "kind":
			u.Kind = feed.Kind(value)
		case "source":
			u.Source = strings.TrimSpace(string(value))
		case "every":
			if hours, err := strconv.Atoi(string(value)); err == nil {
				every := time.Duration(hours) * time.Hour
				u.Every = &every
			}
		}
	}
}

// checkImport keeps how the file must be read and reads it all; nothing is written but the report.
func (c *Console) checkImport(w http.ResponseWriter, r *http.Request, p *Page) {
	imported, imp, err := c.importForm(w, r, p)
	if err == nil {
		_, err = c.need.Imports.Settle(r.Context(), p.Scope, imported, settled(r, imp.Options))
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	if shown := r.PostForm.Get("shown"); shown != "" && shown != r.PostForm.Get("encoding") {
		http.Redirect(w, r, "/imports/"+imported.String(), http.StatusSeeOther) // its columns are looked at first
		return
	}
	c.works.begin(imported, func(ctx context.Context, told func(int)) {
		_, err := c.need.Imports.Check(ctx, p.Scope, imported, told)
		c.workFailed(ctx, "import.check", err)
	})
	http.Redirect(w, r, "/imports/"+imported.String(), http.StatusSeeOther)
}

func (c *Console) importForm(w http.ResponseWriter, r *http.Request, p *Page) (imported id.ID, imp feed.Import, err error) {
	if imported, err = pathID(r, "id"); err != nil {
		return imported, imp, err
	}
	if err = c.smallForm(w, r); err != nil {
		return imported, imp, err
	}
	imp, err = c.need.Imports.Get(r.Context(), p.Scope, imported)
	return imported, imp, err
}

// settled is how the form says that the file must be read.
func settled(r *http.Request, o feed.Options) feed.Options {
	shown := r.PostForm.Get("shown")
	if e := r.PostForm.Get("encoding"); e != "" && e != shown {
		o.Encoding, o.Found = e, false // chosen; what the page showed by itself yields to later lines
	}
	if l, err := id.Parse(r.PostForm.Get("location")); err == nil {
		o.Location = l
	}
	o.Snapshot, o.AgreedAbsent = r.PostForm.Get("snapshot") == "yes", 0
	headers := r.PostForm["header"]
	if shown != "" && shown != r.PostForm.Get("encoding") {
		o.Map, headers = nil, nil // the columns' names were read in other letters
	}
	if len(headers) > 0 {
		o.Map, o.Recalled = map[string]string{}, false
		for i, h := range headers {
			if f := r.PostForm.Get("field-" + strconv.Itoa(i)); f != "" {
				o.Map[h] = f
			}
		}
		if at, err := strconv.Atoi(r.PostForm.Get("name-column")); err == nil && at >= 0 && at < len(headers) && r.PostForm.Get("name-order") != "" {
			o.Map[headers[at]] = r.PostForm.Get("name-order")
		}
	}
	return o
}

// applyImport writes a checked file.
func (c *Console) applyImport(w http.ResponseWriter, r *http.Request, p *Page) {
	imported, imp, err := c.importForm(w, r, p)
	if err == nil {
		err = c.agree(r, p, imp)
	}
	if err == nil && r.PostForm.Get("skip") == "yes" {
		_, err = c.need.Imports.Choose(r.Context(), p.Scope, imported, true)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.works.begin(imported, func(ctx context.Context, told func(int)) {
		_, err := c.need.Imports.Apply(ctx, p.Scope, imported, told)
		c.workFailed(ctx, "import.apply", err)
	})
	http.Redirect(w, r, "/imports/"+imported.String(), http.StatusSeeOther)
}

// agree keeps that the reader saw the visits that a file of all visits does not have.
func (c *Console) agree(r *http.Request, p *Page, imp feed.Import) error {
	if imp.State != feed.Checked || imp.Counts.Absent == imp.Options.AgreedAbsent {
		return nil
	}
	seen, err := strconv.Atoi(r.PostForm.Get("absent"))
	if err != nil {
		return errs.Newf(errs.Precondition, "%d visits are not in this file and would be cancelled: look at them and agree first", imp.Counts.Absent)
	}
	_, err = c.need.Imports.AgreeAbsent(r.Context(), p.Scope, imp.ID, seen)
	return err
}

func (c *Console) releaseImport(w http.ResponseWriter, r *http.Request, p *Page) {
	imported, err := pathID(r, "id")
	if err == nil {
		_, err = c.need.Imports.Release(r.Context(), p.Scope, imported)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/imports/"+imported.String(), "released")
}

func (c *Console) undoImport(w http.ResponseWriter, r *http.Request, p *Page) {
	imported, _, err := c.importForm(w, r, p)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.works.begin(imported, func(ctx context.Context, told func(int)) {
		_, err := c.need.Imports.Undo(ctx, p.Scope, imported, told)
		c.workFailed(ctx, "import.undo", err)
	})
	http.Redirect(w, r, "/imports/"+imported.String(), http.StatusSeeOther)
}

// workFailed logs what no answer can show any more; the import's own state says the rest.
func (c *Console) workFailed(ctx context.Context, work string, err error) {
	if err != nil && ctx.Err() == nil {
		c.log.ErrorContext(ctx, "work of a page failed", "work", work, "kind", string(errs.KindOf(err)), "why", errs.Safe(err))
	}
}

// importReport is the error report as a file: line, column, what is wrong, the cell.
func (c *Console) importReport(w http.ResponseWriter, r *http.Request, p *Page) {
	imported, err := pathID(r, "id")
	if err == nil && !p.Allows(access.ImportFiles) {
		err = errs.New(errs.Forbidden, "your role does not allow this")
	}
	var problems []feed.Problem
	if err == nil {
		problems, err = c.need.Imports.Problems(r.Context(), p.Scope, imported, 0, 1000)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="import-report.csv"`)
	out := csv.NewWriter(w)
	_ = out.Write([]string{p.W.T("imports.report.line"), p.W.T("imports.report.column"), p.W.T("imports.report.problem"), p.W.T("imports.report.value")})
	for len(problems) > 0 {
		for _, x := range problems {
			_ = out.Write([]string{strconv.Itoa(x.Line), intake.SafeCell(x.Column), problemText(p.W, x), intake.SafeCell(x.Value.Reveal())})
		}
		last := problems[len(problems)-1].Line
		if problems, err = c.need.Imports.Problems(r.Context(), p.Scope, imported, last, 1000); err != nil {
			return // the download breaks off; the answer has begun
		}
	}
	out.Flush()
}

func importChip(w *Words, i feed.Import) chip {
	c := chip{toneInfo, "clock", w.Enum("imports.state.", string(i.State))}
	switch {
	case i.Held && i.State == feed.Applied:
		return chip{toneWait, "player-pause", w.T("imports.state.held")}
	case i.State == feed.Applied:
		c.Tone, c.Icon = toneGood, "circle-check"
	case i.State == feed.Rejected:
		c.Tone, c.Icon = toneBad, "circle-x"
	case i.State == feed.Undone:
		c.Tone, c.Icon = toneQuiet, "history"
	}
	return c
}

// importSentence says what is the case and what comes next.
func importSentence(w *Words, v importView) string {
	switch {
	case v.Going && (v.State == feed.Uploaded || v.State == feed.Checked):
		return w.T("imports.says.checking")
	case len(v.Preview.Choices) > 0:
		return w.T("imports.says.encoding")
	case v.State == feed.Checked && v.Counts.Bad > 0:
		return w.N("imports.says.bad", v.Counts.Bad)
	case v.State == feed.Applied && v.Import.Held:
		return w.T("imports.says.held")
	}
	return w.Enum("imports.says.", string(v.State))
}

// importTrigger looks again every second while this node works on the file, else when something changes.
func importTrigger(v importView) string {
	if v.Going {
		return "every 1s"
	}
	return liveTrigger("imports")
}

// problemText is a problem in the reader's language, else in the program's own words.
func problemText(w *Words, x feed.Problem) string {
	if key := "problem." + x.Code; w.Has(key) && w.Code != "en" {
		return w.T(key)
	}
	return x.Say
}

// fieldName is what a column may mean, in words.
func fieldName(w *Words, f intake.Field) string {
	if p, ok := strings.CutPrefix(string(f), "consent_"); ok && w.Has("purpose."+strings.ReplaceAll(p, "_", "-")) {
		return w.T("imports.field.consent_for", "Kind", w.T("purpose."+strings.ReplaceAll(p, "_", "-")))
	}
	return w.Enum("imports.field.", string(f))
}

// stepCount is how many texts of a step a release would let go.
type stepCount struct {
	Step string
	N    int
}

func stepCounts(of map[string]int) (out []stepCount) {
	for s, n := range of {
		out = append(out, stepCount{s, n})
	}
	slices.SortFunc(out, func(a, b stepCount) int { return strings.Compare(a.Step, b.Step) })
	return out
}
