package intake

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/store"
)

// Head reads the beginning of an upload (its first piece), for the uploader to see how it would be read.
func (s *Service) Head(ctx context.Context, sc access.Scope, imported id.ID) (head []byte, err error) {
	if !sc.Allows(access.ImportFiles) {
		return nil, errs.New(errs.Forbidden, "you may not import files: ask a manager")
	}
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
		head, err = tx.Imports().Chunk(ctx, imported, 0)
		return err
	})
	return head, err
}

// Settle keeps how a person said that a file must be read, before it is checked, or checked again.
func (s *Service) Settle(ctx context.Context, sc access.Scope, imported id.ID, o feed.Options) (feed.Import, error) {
	imp, err := s.Get(ctx, sc, imported)
	if err != nil {
		return imp, err
	}
	if !sc.Allows(access.ImportFiles) {
		return imp, errs.New(errs.Forbidden, "you may not import files: ask a manager")
	}
	if !imp.State.MayBecome(feed.Uploaded) {
		return imp, errs.Newf(errs.Precondition, "this import is %s: upload the file again to read it another way", imp.State)
	}
	if o.Encoding == "" && imp.Options.Found {
		o.Encoding, o.Found = imp.Options.Encoding, true
	}
	imp.Options, imp.State, imp.Fault, imp.Counts, imp.Ended = o, feed.Uploaded, "", feed.Counts{}, time.Time{}
	return s.update(ctx, sc, imp, "import.settle")
}

// Recent reads the latest imports, newest first, for faces that page no further.
func (s *Service) Recent(ctx context.Context, sc access.Scope) ([]feed.Import, error) {
	return s.List(ctx, sc, store.Page{})
}
