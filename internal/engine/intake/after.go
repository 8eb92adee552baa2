package intake

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/store"
)

// After pages through imports, newest first, for faces that do not know the store. next is the last one's id when
// more follow, else zero.
func (s *Service) After(ctx context.Context, sc access.Scope, after id.ID, limit int) (list []feed.Import, next id.ID, err error) {
	p := store.Page{After: after, Limit: limit}
	size := min(p.Size(), store.MaxLimit-1)
	p.Limit = size + 1
	if list, err = s.List(ctx, sc, p); err != nil || len(list) <= size {
		return list, next, err
	}
	list = list[:size]
	return list, list[size-1].ID, nil
}
