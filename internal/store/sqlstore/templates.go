package sqlstore

import (
	"context"
	"encoding/json"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/store"
)

// Templates gives access to the rows of store.Templates.
func (t *Tx) Templates() store.Templates { return templates{t} }

type templates struct{ *Tx }

const templateColumns = `template, version, shipped, variants, note, by_kind, by_id, created_at`

// Save adds the version after the newest.
func (s templates) Save(ctx context.Context, v store.TemplateVersion) error {
	own, err := s.org()
	if err != nil {
		return err
	}
	if v.Variants == nil {
		v.Variants = content.Variants{}
	}
	variants, err := json.Marshal(v.Variants)
	if err != nil {
		return errs.Wrap(errs.Internal, "the text cannot be stored", err)
	}
	newest := int64(store.ShippedVersion)
	if err := one(ctx, s, `SELECT COALESCE(MAX(version), $3) FROM templates WHERE org_id = $1 AND template = $2`,
		args(own, v.Key, newest), &newest); err != nil {
		return err
	}
	var n int64
	if v.Version == newest+1 {
		n, err = s.Exec(ctx, `INSERT INTO templates (org_id, `+templateColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (org_id, template, version) DO NOTHING`,
			own, v.Key, v.Version, v.Shipped, string(variants), v.Note, v.ByKind, v.By, s.now)
	}
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "somebody saved this text meanwhile: read the newest version and make the change there").At("version")
	}
	if err != nil {
		return err
	}
	return orgs(s).touch(ctx, "")
}

// Newest lists the newest version of every key.
func (s templates) Newest(ctx context.Context) ([]store.TemplateVersion, error) {
	own, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+templateColumns+` FROM templates t WHERE org_id = $1
		AND version = (SELECT MAX(version) FROM templates n WHERE n.org_id = t.org_id AND n.template = t.template)
		ORDER BY template`, args(own), scanTemplate)
}

// Versions lists every version of a key.
func (s templates) Versions(ctx context.Context, key content.Key) ([]store.TemplateVersion, error) {
	own, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+templateColumns+` FROM templates WHERE org_id = $1 AND template = $2 ORDER BY version DESC`,
		args(own, key), scanTemplate)
}

func scanTemplate(r Rows) (v store.TemplateVersion, err error) {
	var variants string
	if err = r.Scan(Dests([]any{&v.Key, &v.Version, &v.Shipped, &variants, &v.Note, &v.ByKind, &v.By, &v.CreatedAt})...); err != nil {
		return v, err
	}
	return v, errs.Wrap(errs.Internal, "a stored text cannot be read", json.Unmarshal([]byte(variants), &v.Variants))
}
