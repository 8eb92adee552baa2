package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/engine/intake"
)

func (a *API) importRoutes() {
	const tag = "Imports"
	handle(a, http.MethodPost, "/imports", op{name: "uploadImport", tag: tag, summary: "Upload a file",
		about: "multipart/form-data: kind and source first, the file last. Nothing of it is read yet: check it next. Under an Idempotency-Key an upload is told from another by its length.",
		needs: access.ImportFiles, status: http.StatusCreated, upload: true, limit: intake.MaxBytes + smallBody, request: uploadForm()}, a.upload)
	handle(a, http.MethodGet, "/imports", op{name: "listImports", tag: tag, summary: "List imports, newest first", needs: access.ImportFiles}, a.listImports)
	handle(a, http.MethodGet, "/imports/{id}", op{name: "getImport", tag: tag, summary: "Read an import: its state and counts", needs: access.ImportFiles}, a.getImport)
	handle(a, http.MethodPost, "/imports/{id}/options", op{name: "settleImport", tag: tag, summary: "Say how the file must be read",
		needs: access.ImportFiles}, a.settleImport)
	handle(a, http.MethodPost, "/imports/{id}/check", op{name: "checkImport", repeats: true, tag: tag, summary: "Read the whole file and write nothing",
		about: "It goes on after the answer: read the import until working is false.", needs: access.ImportFiles, status: http.StatusAccepted}, a.checkImport)
	handle(a, http.MethodPost, "/imports/{id}/apply", op{name: "applyImport", repeats: true, tag: tag, summary: "Write a checked file",
		about: "It goes on after the answer, and after a crash: read the import until its state is applied.", needs: access.ImportFiles, status: http.StatusAccepted}, a.applyImport)
	handle(a, http.MethodGet, "/imports/{id}/absent", op{name: "listAbsent", tag: tag, summary: "Appointments that a whole file does not have",
		about: "Of a checked file with the option snapshot: they would be cancelled.", needs: access.ImportFiles}, a.absent)
	handle(a, http.MethodPost, "/imports/{id}/agree", op{name: "agreeAbsent", tag: tag, summary: "Agree that the absent appointments are cancelled",
		about: "absent is how many you saw; another number is 409.", needs: access.ImportFiles}, a.agree)
	handle(a, http.MethodGet, "/imports/{id}/held", op{name: "getHeld", tag: tag, summary: "What a release would let go",
		about: "Counts from a look at the first of the visits that wait.", needs: access.ImportFiles}, a.held)
	handle(a, http.MethodPost, "/imports/{id}/release", op{name: "releaseImport", tag: tag, summary: "Let the messages of a held import go",
		needs: access.ReleaseHeld}, a.releaseImport)
	handle(a, http.MethodPost, "/imports/{id}/undo", op{name: "undoImport", repeats: true, tag: tag, summary: "Take back what an import wrote",
		needs: access.ReleaseHeld, status: http.StatusAccepted}, a.undoImport)
	handle(a, http.MethodGet, "/imports/{id}/problems", op{name: "listProblems", tag: tag, summary: "What was wrong, as CSV: line, column, code, problem, value",
		needs: access.ImportFiles, content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}, a.problems)
}

// Import is one file, or one bulk request.
type Import struct {
	ID        id.ID         `json:"id"`
	Source    id.ID         `json:"source"`
	Kind      string        `json:"kind" enum:"patients,appointments"`
	State     string        `json:"state" enum:"uploaded,checked,rejected,applying,applied,undoing,undone"`
	Working   bool          `json:"working" doc:"This node is at work on it."`
	Line      int           `json:"line,omitempty" doc:"The line that the work has reached."`
	Fault     string        `json:"fault,omitempty" doc:"Why the file was rejected."`
	Held      bool          `json:"held" doc:"Its messages wait until a person releases them."`
	Why       string        `json:"why,omitempty" doc:"first_import or storm."`
	Options   ImportOptions `json:"options"`
	Counts    Counts        `json:"counts" doc:"Until it is applied, what would happen."`
	CreatedAt time.Time     `json:"created_at"`
	EndedAt   time.Time     `json:"ended_at,omitzero"`
	Released  *time.Time    `json:"released_at,omitempty"`
}

// ImportOptions are how a file is read.
type ImportOptions struct {
	Encoding  string            `json:"encoding,omitempty" maxLength:"40" example:"windows-1250"`
	Delimiter string            `json:"delimiter,omitempty" maxLength:"1"`
	Map       map[string]string `json:"map,omitempty" doc:"Header to field, for headers that are not recognised."`
	Location  id.ID             `json:"location,omitzero" doc:"For rows that name none."`
	SkipBad   bool              `json:"skip_bad,omitempty" doc:"Import the good lines of a file that has bad ones."`
	Snapshot  bool              `json:"snapshot,omitempty" doc:"The file is whole for its days: a visit that is not in it is cancelled."`
}

// Counts of lines and what they change.
type Counts struct {
	Lines     int `json:"lines"`
	Bad       int `json:"bad"`
	Created   int `json:"created"`
	Changed   int `json:"changed"`
	Same      int `json:"same"`
	Moved     int `json:"moved"`
	Cancelled int `json:"cancelled"`
	Absent    int `json:"absent"`
	Texts     int `json:"texts"`
	Consents  int `json:"consents"`
	Unused    int `json:"unused_columns"`
	Undone    int `json:"undone"`
	Kept      int `json:"kept"`
}

func (a *API) importOf(i *feed.Import) Import {
	out := Import{ID: i.ID, Source: i.Source, Kind: string(i.Kind), State: string(i.State), Fault: i.Fault, Held: i.Held, Why: string(i.Why),
		Options: ImportOptions{Encoding: i.Options.Encoding, Delimiter: i.Options.Delimiter, Map: i.Options.Map, Location: i.Options.Location,
			SkipBad: i.Options.SkipBad, Snapshot: i.Options.Snapshot},
		Counts: Counts{i.Counts.Lines, i.Counts.Bad, i.Counts.Created, i.Counts.Changed, i.Counts.Same, i.Counts.Moved, i.Counts.Cancelled,
			i.Counts.Absent, i.Counts.Texts, i.Counts.Consents, i.Counts.Unused, i.Counts.Undone, i.Counts.Kept},
		CreatedAt: i.Created, EndedAt: i.Ended}
	if !i.Released.IsZero() {
		out.Released = &i.Released
	}
	out.Line, out.Working = a.works.far(i.ID)
	return out
}

// uploadForm describes the upload, which is a stream and never in memory or on disk as a whole.
func uploadForm() *huma.RequestBody {
	text := func(about string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: about} }
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"kind", "file"}, Properties: map[string]*huma.Schema{
			"kind":     {Type: huma.TypeString, Enum: []any{"patients", "appointments"}},
			"source":   text("Name of the system that the file comes from; main when left out. Before the file."),
			"encoding": text("Such as windows-1250. Before the file."),
			"location": text("The site of rows that name none, by id. Before the file."),
			"file":     {Type: huma.TypeString, Format: "binary", Description: "The CSV file, last."},
		}}}}}
}

// uploaded takes the body as the stream that it is.
type uploaded struct {
	kind string
	body io.Reader
}

// Resolve keeps the stream for the handler; the framework does not read it.
func (u *uploaded) Resolve(ctx huma.Context) []error {
	u.kind, u.body = ctx.Header("Content-Type"), ctx.BodyReader()
	return nil
}

func (a *API) upload(ctx context.Context, s access.Scope, in *uploaded) (*got[Import], error) {
	kind, params, err := mime.ParseMediaType(in.kind)
	if err != nil || kind != "multipart/form-data" {
		return nil, errs.New(errs.Invalid, "send the file as multipart/form-data").At("header.Content-Type")
	}
	u, err := uploadOf(multipart.NewReader(io.LimitReader(in.body, intake.MaxBytes+smallBody), params["boundary"]))
	if err != nil {
		return nil, err
	}
	i, err := a.need.Imports.Begin(ctx, s, u)
	return give(a.importOf(&i), err)
}

// uploadOf reads the form's fields up to the file, which comes last.
func uploadOf(form *multipart.Reader) (u intake.Upload, err error) {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return u, errs.New(errs.Invalid, "send a file, as the last part of the form").At("file")
		}
		if err != nil {
			return u, errs.Wrap(errs.Invalid, "the form broke off: send it again", err)
		}
		if part.FormName() == "file" {
			file := bufio.NewReader(part)
			if _, err := file.Peek(1); err != nil {
				return u, errs.New(errs.Invalid, "the file is empty").At("file")
			}
			u.File = file
			return u, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, 1000))
		if err != nil {
			return u, errs.Wrap(errs.Invalid, "the form broke off: send it again", err)
		}
		if err := field(&u, part.FormName(), strings.TrimSpace(string(value))); err != nil {
			return u, err
		}
	}
}

func field(u *intake.Upload, name, value string) (err error) {
	switch name {
	case "kind":
		u.Kind = feed.Kind(value)
	case "source":
		u.Source = value
	case "encoding":
		u.Options.Encoding = value
	case "location":
		if u.Options.Location, err = id.Parse(value); err != nil {
			return errs.New(errs.Invalid, "this is not an id").At("location")
		}
	default:
		return errs.New(errs.Invalid, "the form has kind, source, encoding, location and file").At("body")
	}
	return nil
}

func (a *API) listImports(ctx context.Context, s access.Scope, in *Paging) (*got[Page[Import]], error) {
	return paged(ctx, a, s, "imports", *in, a.importOf, func(after id.ID) ([]feed.Import, id.ID, error) {
		return a.need.Imports.After(ctx, s, after, in.Limit)
	})
}

func (a *API) getImport(ctx context.Context, s access.Scope, in *One) (*got[Import], error) {
	i, err := a.need.Imports.Get(ctx, s, in.ID)
	return give(a.importOf(&i), err)
}

type settle struct {
	One
	Body ImportOptions
}

func (a *API) settleImport(ctx context.Context, s access.Scope, in *settle) (*got[Import], error) {
	b := in.Body
	if _, busy := a.works.far(in.ID); busy {
		return nil, busyError()
	}
	i, err := a.need.Imports.Settle(ctx, s, in.ID, feed.Options{Encoding: b.Encoding, Delimiter: b.Delimiter, Map: b.Map, Location: b.Location,
		SkipBad: b.SkipBad, Snapshot: b.Snapshot})
	return give(a.importOf(&i), err)
}

func busyError() error {
	return errs.New(errs.Conflict, "this import is being worked on: read it until working is false")
}

// work begins what goes on after the answer, if the import is there and in one of these states.
func (a *API) work(ctx context.Context, s access.Scope, imported id.ID, what string, do func(context.Context, intake.Progress) error, from ...feed.State) (*got[Import], error) {
	i, err := a.need.Imports.Get(ctx, s, imported)
	if err != nil {
		return nil, err
	}
	fits := false
	for _, f := range from {
		fits = fits || i.State == f
	}
	if !fits {
		return nil, errs.Newf(errs.Precondition, "an import that is %s cannot go this way", i.State)
	}
	if !a.works.begin(imported, func(ctx context.Context, told func(int)) {
		if err := do(ctx, told); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "work on an import failed", "work", what, "import", imported.String(), "kind", string(errs.KindOf(err)), "why", errs.Safe(err))
		}
	}) {
		return nil, busyError()
	}
	return give(a.importOf(&i), nil)
}

func (a *API) checkImport(ctx context.Context, s access.Scope, in *One) (*got[Import], error) {
	return a.work(ctx, s, in.ID, "check", func(ctx context.Context, told intake.Progress) error {
		_, err := a.need.Imports.Check(ctx, s, in.ID, told)
		return err
	}, feed.Uploaded, feed.Checked, feed.Rejected)
}

func (a *API) applyImport(ctx context.Context, s access.Scope, in *One) (*got[Import], error) {
	i, err := a.need.Imports.Get(ctx, s, in.ID)
	if err == nil && i.State == feed.Checked && i.Counts.Bad > 0 && !i.Options.SkipBad {
		err = errs.Newf(errs.Precondition, "%d lines have problems: mend the file, or set skip_bad in the options", i.Counts.Bad)
	}
	if err != nil {
		return nil, err
	}
	return a.work(ctx, s, in.ID, "apply", func(ctx context.Context, told intake.Progress) error {
		_, err := a.need.Imports.Apply(ctx, s, in.ID, told)
		return err
	}, feed.Checked, feed.Applying)
}

func (a *API) undoImport(ctx context.Context, s access.Scope, in *One) (*got[Import], error) {
	return a.work(ctx, s, in.ID, "undo", func(ctx context.Context, told intake.Progress) error {
		_, err := a.need.Imports.Undo(ctx, s, in.ID, told)
		return err
	}, feed.Applying, feed.Applied, feed.Undoing)
}

func (a *API) absent(ctx context.Context, s access.Scope, in *One) (*got[List[Appointment]], error) {
	all, err := a.need.Imports.Absent(ctx, s, in.ID)
	return give(List[Appointment]{mapped(all, plainVisit)}, err)
}

// Agreed is how many absent appointments somebody saw.
type Agreed struct {
	Absent int `json:"absent" minimum:"0"`
}

type agreed struct {
	One
	Body Agreed
}

func (a *API) agree(ctx context.Context, s access.Scope, in *agreed) (*got[Import], error) {
	i, err := a.need.Imports.AgreeAbsent(ctx, s, in.ID, in.Body.Absent)
	return give(a.importOf(&i), err)
}

// Held is what waits for a release.
type Held struct {
	Visits  int            `json:"visits"`
	Texts   map[string]int `json:"texts" doc:"Texts that would go, by step."`
	Refused map[string]int `json:"refused" doc:"Texts that would not, by the deciding reason."`
}

func (a *API) held(ctx context.Context, s access.Scope, in *One) (*got[Held], error) {
	if _, err := a.need.Imports.Get(ctx, s, in.ID); err != nil {
		return nil, err
	}
	h, err := a.need.Plan.HeldBy(ctx, s, in.ID)
	out := Held{Visits: h.Visits, Texts: map[string]int{}, Refused: map[string]int{}}
	maps.Copy(out.Texts, h.Texts)
	for why, n := range h.Refused {
		out.Refused[string(why)] = n
	}
	return give(out, err)
}

func (a *API) releaseImport(ctx context.Context, s access.Scope, in *One) (*got[Import], error) {
	i, err := a.need.Imports.Release(ctx, s, in.ID)
	return give(a.importOf(&i), err)
}

// report is a file as an answer.
type report struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (a *API) problems(ctx context.Context, s access.Scope, in *One) (*report, error) {
	if _, err := a.need.Imports.Get(ctx, s, in.ID); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	out := csv.NewWriter(&buf)
	_ = out.Write([]string{"line", "column", "code", "problem", "value"})
	for after := 0; ; {
		problems, err := a.need.Imports.Problems(ctx, s, in.ID, after, 1000)
		if err != nil {
			return nil, err
		}
		for _, x := range problems {
			_ = out.Write([]string{strconv.Itoa(x.Line), intake.SafeCell(x.Column), x.Code, x.Say, intake.SafeCell(x.Value.Reveal())})
			after = x.Line
		}
		if len(problems) == 0 {
			break
		}
	}
	out.Flush()
	return &report{ContentType: "text/csv; charset=utf-8", Disposition: `attachment; filename="import-report.csv"`, Body: buf.Bytes()}, nil
}
