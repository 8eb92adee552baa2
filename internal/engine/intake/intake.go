package intake

import (
	"context"
	"io"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Opener reads a file into rows; ehr/table is one.
type Opener interface {
	// Open reads the header. A file that cannot be read as a whole is errs.Invalid.
	Open(r io.Reader, kind feed.Kind, o feed.Options, w World) (Rows, error)
}

// World is what reading a row needs: the organization's locations and the time.
type World struct {
	Locations []org.Location
	Default   *org.Location
	Region    string
	Now       time.Time
}

// Rows gives a file's lines in order; Next ends with io.EOF. errs.Invalid says that the file as a whole cannot be
// read the way it was opened.
type Rows interface {
	Next() (Row, error)
	// Options are how the file is read, with what was found out so far filled in.
	Options() feed.Options
	// Unused are columns that mean nothing here.
	Unused() []string
}

// Row is one line: a patient, a visit, or what is wrong with it.
type Row struct {
	Line    int
	Patient *PatientRow
	Visit   *VisitRow
	Bad     []Problem
}

// Service takes files in.
type Service struct {
	store   store.Store
	files   Opener
	machine clock.Clock
}

// New makes the service. machine is the machine's clock: uploads are gone a real day later.
func New(s store.Store, files Opener, machine clock.Clock) *Service {
	return &Service{store: s, files: files, machine: machine}
}

// Limits of an upload.
const (
	MaxBytes  = 256 << 20
	chunkSize = 256 << 10
	// FileLife is how long an upload and its report are kept.
	FileLife = 24 * time.Hour
)

// Upload is a file to take in.
type Upload struct {
	Kind    feed.Kind
	Source  string // name of the feed; made when it is new
	Options feed.Options
	Every   *time.Duration // how often the source is expected from now on; nil leaves it
	File    io.Reader
}

// Begin keeps the file, sealed, and makes the import. Nothing of it is read yet. What the source's last import
// confirmed (encoding, columns) fills what Options leave open.
func (s *Service) Begin(ctx context.Context, sc access.Scope, u Upload) (feed.Import, error) {
	if !sc.Allows(access.ImportFiles) {
		return feed.Import{}, errs.New(errs.Forbidden, "you may not import files: ask a manager")
	}
	if !u.Kind.Valid() {
		return feed.Import{}, errs.New(errs.Invalid, "an import is of patients or of appointments").At("kind")
	}
	if u.Every != nil {
		if err := believablePeriod(*u.Every); err != nil {
			return feed.Import{}, err
		}
	}
	src, err := s.source(ctx, sc, u.Source)
	if err == nil && u.Every != nil {
		err = s.Expect(ctx, sc, src.ID, *u.Every)
	}
	if err != nil {
		return feed.Import{}, err
	}
	imp := feed.Import{ID: id.New(), Source: src.ID, Kind: u.Kind, State: feed.Uploaded, Options: remembered(u.Options, u.Kind, src),
		ByKind: sc.Actor().Kind(), By: sc.Actor().ID()}
	if imp.Bytes, err = s.keep(ctx, sc, imp.ID, u.File); err != nil {
		return feed.Import{}, err
	}
	err = s.store.InTx(ctx, sc, func(tx store.Tx) error {
		imp.Created = tx.Now()
		if imp, err = tx.Imports().Create(ctx, imp); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(sc, tx.Now(), "import.upload", "import", imp.ID, string(imp.Kind)))
	})
	return imp, err
}

// remembered fills open options by what a person confirmed for the source before. Columns that the file does
// not have any more are not an error then.
func remembered(o feed.Options, kind feed.Kind, src schedule.Source) feed.Options {
	if o.Encoding == "" {
		o.Encoding, o.Found = src.Encoding, true
	}
	if len(o.Map) > 0 {
		return o
	}
	o.Map, o.Recalled = map[string]string{}, true
	for k, field := range src.Mapping {
		if header, ok := strings.CutPrefix(k, string(kind)+":"); ok {
			o.Map[header] = field
		}
	}
	return o
}

func (s *Service) source(ctx context.Context, sc access.Scope, name string) (src schedule.Source, err error) {
	if name == "" {
		name = "main"
	}
	err = s.store.InTx(ctx, sc, func(tx store.Tx) error {
		all, err := tx.Visits().Sources(ctx)
		if err != nil {
			return err
		}
		for _, have := range all {
			if have.Name == name {
				src = have
				return nil
			}
		}
		src, err = tx.Visits().SaveSource(ctx, schedule.Source{Name: name})
		return err
	})
	return src, err
}

// keep stores the file in sealed pieces, one transaction each, and says how long it is.
func (s *Service) keep(ctx context.Context, sc access.Scope, imported id.ID, file io.Reader) (int64, error) {
	until := s.machine.Now().Add(FileLife)
	buf := make([]byte, chunkSize)
	var total int64
	for n := 0; ; n++ {
		got, err := io.ReadFull(file, buf)
		if total += int64(got); total > MaxBytes {
			return 0, errs.Newf(errs.Invalid, "the file is larger than %d MB: split it", MaxBytes>>20)
		}
		if got > 0 {
			if werr := s.write(ctx, sc, func(tx store.Tx) error {
				return tx.Imports().PutChunk(ctx, imported, n, buf[:got], until)
			}); werr != nil {
				return 0, werr
			}
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			if total == 0 {
				return 0, errs.New(errs.Invalid, "the file is empty")
			}
			return total, nil
		default:
			return 0, errs.Wrap(errs.Unavailable, "the file could not be read to its end: send it again", err)
		}
	}
}

// stored reads an upload back, piece by piece.
type stored struct {
	ctx  context.Context //nolint:containedctx // an io.Reader has no place for it; it lives for one call
	s    *Service
	sc   access.Scope
	imp  id.ID
	next int
	rest []byte
}

func (r *stored) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		err := r.s.store.Read(r.ctx, r.sc, func(tx store.Tx) (err error) {
			r.rest, err = tx.Imports().Chunk(r.ctx, r.imp, r.next)
			return err
		})
		if errs.Is(err, errs.NotFound) {
			if r.next == 0 {
				return 0, errs.New(errs.Precondition, "the uploaded file was removed after a day: upload it again")
			}
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		r.next++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Get reads an import, List the latest ones.
func (s *Service) Get(ctx context.Context, sc access.Scope, imported id.ID) (imp feed.Import, err error) {
	if err := mayLook(sc); err != nil {
		return imp, err
	}
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
		imp, err = tx.Imports().Get(ctx, imported)
		return err
	})
	return imp, err
}

// List reads imports, newest first.
func (s *Service) List(ctx context.Context, sc access.Scope, p store.Page) (out []feed.Import, err error) {
	if err := mayLook(sc); err != nil {
		return nil, err
	}
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
		out, err = tx.Imports().List(ctx, p)
		return err
	})
	return out, err
}

// Problems pages through the error report of an import by line.
func (s *Service) Problems(ctx context.Context, sc access.Scope, imported id.ID, afterLine, limit int) (out []feed.Problem, err error) {
	if err := mayLook(sc); err != nil {
		return nil, err
	}
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
		out, err = tx.Imports().Problems(ctx, imported, afterLine, limit)
		return err
	})
	return out, err
}

// update changes an import, with its audit row.
func (s *Service) update(ctx context.Context, sc access.Scope, imp feed.Import, action string) (feed.Import, error) {
	err := s.store.InTx(ctx, sc, func(tx store.Tx) (err error) {
		if imp.State == feed.Applied || imp.State == feed.Undone || imp.State == feed.Rejected {
			imp.Ended = tx.Now()
		}
		if imp, err = tx.Imports().Update(ctx, imp); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(sc, tx.Now(), action, "import", imp.ID, ""))
	})
	return imp, err
}

// world loads what reading needs.
func (s *Service) world(ctx context.Context, sc access.Scope, o feed.Options) (w World, err error) {
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
		w.Now = tx.Now()
		if w.Locations, err = tx.Orgs().Locations(ctx); err != nil {
			return err
		}
		own, err := tx.Orgs().Get(ctx)
		w.Region = own.Region
		return err
	})
	for i := range w.Locations {
		if w.Locations[i].ID == o.Location {
			w.Default = &w.Locations[i]
		}
	}
	if err == nil && !o.Location.IsZero() && w.Default == nil {
		err = errs.New(errs.Invalid, "there is no such location: choose one of the organization's").At("location")
	}
	return w, err
}

func (s *Service) open(ctx context.Context, sc access.Scope, imp feed.Import) (Rows, error) {
	w, err := s.world(ctx, sc, imp.Options)
	if err != nil {
		return nil, err
	}
	return s.files.Open(&stored{ctx: ctx, s: s, sc: sc, imp: imp.ID}, imp.Kind, imp.Options, w)
}

// Progress is told how many lines are done; it must not block.
type Progress func(lines int)

// write runs one short transaction that lets more urgent ones go first.
func (s *Service) write(ctx context.Context, sc access.Scope, do func(tx store.Tx) error) error {
	return s.store.InTx(ctx, sc, do, store.Bulk)
}

// ExternalSystem names the identifier under which a source knows a person.
func ExternalSystem(source id.ID) string { return "external:" + source.String() }
