package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// Orgs gives access to the rows of store.Orgs.
func (t *Tx) Orgs() store.Orgs { return orgs{t} }

type orgs struct{ *Tx }

const orgColumns = `id, name, region, locale, calendar_owner, demo, stopped_at, hold, budget_day, budget_week, plain_letters, revision, created_at`

func scanOrg(r Rows) (o org.Organization, err error) {
	err = r.Scan(&o.ID, &o.Name, &o.Region, &o.Locale, &o.CalendarOwner, &o.Demo, &o.StoppedAt, &o.Hold,
		&o.Budget.Day, &o.Budget.Week, (*string)(&o.PlainLetters), &o.Revision, &o.CreatedAt)
	return o, err
}

// Create makes an organization with its keys.
func (s orgs) Create(ctx context.Context, o org.Organization) (org.Organization, error) {
	if o.ID.IsZero() {
		o.ID = id.New()
	}
	if !s.scope.IsSystem() && s.scope.Org() != o.ID {
		return o, errs.New(errs.Forbidden, "an organization is made by the system or by itself")
	}
	o.Revision, o.CreatedAt = 1, s.now
	_, err := s.Exec(ctx, `INSERT INTO organizations (`+orgColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		o.ID, o.Name, o.Region, o.Locale, o.CalendarOwner, o.Demo, o.StoppedAt, o.Hold, o.Budget.Day, o.Budget.Week, string(o.PlainLetters), o.Revision, o.CreatedAt)
	if err != nil {
		return o, err
	}
	s.PublishFor(o.ID, store.TopicOrgs)
	return o, s.newOrgKeys(ctx, o.ID)
}

// Get reads the scope's organization.
func (s orgs) Get(ctx context.Context) (o org.Organization, err error) {
	own, err := s.org()
	if err != nil {
		return o, err
	}
	err = one(ctx, s, `SELECT `+orgColumns+` FROM organizations WHERE id = $1`, args(own),
		&o.ID, &o.Name, &o.Region, &o.Locale, &o.CalendarOwner, &o.Demo, &o.StoppedAt, &o.Hold,
		&o.Budget.Day, &o.Budget.Week, (*string)(&o.PlainLetters), &o.Revision, &o.CreatedAt)
	return o, found(err, "organization")
}

// All lists every organization.
func (s orgs) All(ctx context.Context) ([]org.Organization, error) {
	if err := s.system(); err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+orgColumns+` FROM organizations ORDER BY id`, nil, scanOrg)
}

// Update changes what an administrator may change.
func (s orgs) Update(ctx context.Context, o org.Organization) error {
	return s.touch(ctx, `name = $2, region = $3, locale = $4, calendar_owner = $5, demo = $6`, o.Name, o.Region, o.Locale, o.CalendarOwner, o.Demo)
}

// touch changes columns of the scope's organization and raises its revision.
func (s orgs) touch(ctx context.Context, set string, values ...any) error {
	own, err := s.org()
	if err != nil {
		return err
	}
	if set != "" {
		set += ", "
	}
	n, err := s.Exec(ctx, `UPDATE organizations SET `+set+`revision = revision + 1 WHERE id = $1`, append(args(own), values...)...)
	if err == nil && n == 0 {
		return found(ErrNone, "organization")
	}
	s.Publish(store.TopicOrgs)
	return err
}

// SetBudget changes how many texts one person gets.
func (s orgs) SetBudget(ctx context.Context, b org.Budget) error {
	return s.touch(ctx, `budget_day = $2, budget_week = $3`, b.Day, b.Week)
}

// SetPlainLetters changes the languages that are written in plain letters.
func (s orgs) SetPlainLetters(ctx context.Context, p org.PlainLetters) error {
	return s.touch(ctx, `plain_letters = $2`, string(p))
}

// StopAll halts hand-offs: everywhere with a system scope, else in the scope's organization.
func (s orgs) StopAll(ctx context.Context) error { return s.setStop(ctx, s.now) }

// Resume ends StopAll.
func (s orgs) Resume(ctx context.Context) error { return s.setStop(ctx, time.Time{}) }

func (s orgs) setStop(ctx context.Context, at time.Time) error {
	if !s.scope.IsSystem() {
		return s.touch(ctx, `stopped_at = $2`, at)
	}
	_, err := s.Exec(ctx, `UPDATE instance SET stopped_at = $1 WHERE id = 1`, at)
	s.Publish(store.TopicOrgs)
	return err
}

// Release ends a hold.
func (s orgs) Release(ctx context.Context) error {
	return s.touch(ctx, `hold = $2`, org.HoldReason(""))
}

// Stops says what is stopped or held.
func (s orgs) Stops(ctx context.Context) (store.Stops, error) {
	st := store.Stops{Orgs: map[id.ID]store.StopReason{}}
	if err := one(ctx, s, `SELECT stopped_at FROM instance WHERE id = 1`, nil, &st.Since); err != nil {
		return st, found(err, "instance")
	}
	st.Everything = st.Since != nil
	where, a := `(stopped_at IS NOT NULL OR hold <> '')`, args()
	if !s.scope.IsSystem() {
		where, a = where+` AND id = $1`, args(s.scope.Org())
	}
	return st, each(ctx, s, `SELECT id, stopped_at, hold FROM organizations WHERE `+where, a, func(r Rows) error {
		var o id.ID
		var at *time.Time
		var hold org.HoldReason
		if err := r.Scan(&o, &at, &hold); err != nil {
			return err
		}
		st.Orgs[o] = store.StopReason(hold)
		if at != nil {
			st.Orgs[o] = store.StoppedByPerson
		}
		return nil
	})
}

const locationColumns = `id, org_id, name, address, zone, region, subregion, languages, phone, hours, travel, external_id, revision`

// SaveLocation inserts or updates a location.
func (s orgs) SaveLocation(ctx context.Context, l org.Location) (org.Location, error) {
	own, err := s.org()
	if err != nil {
		return l, err
	}
	if l.ID.IsZero() {
		l.ID = id.New()
	}
	l.Org = own
	languages, err := json.Marshal(l.Languages)
	if err != nil {
		return l, errs.Wrap(errs.Internal, "the languages cannot be stored", err)
	}
	hours, err := json.Marshal(l.Hours)
	if err != nil {
		return l, errs.Wrap(errs.Internal, "the opening hours cannot be stored", err)
	}
	err = one(ctx, s, `INSERT INTO locations (`+locationColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address, zone = excluded.zone,
			region = excluded.region, subregion = excluded.subregion, languages = excluded.languages, phone = excluded.phone,
			hours = excluded.hours, travel = excluded.travel, external_id = excluded.external_id, revision = locations.revision + 1
		WHERE locations.org_id = excluded.org_id
		RETURNING revision`,
		args(l.ID, own, l.Name, l.Address, l.Zone, l.Region, l.Subregion, string(languages), l.Phone.Reveal(), string(hours), l.Travel, l.ExternalID), &l.Revision)
	if err != nil {
		return l, found(err, "location")
	}
	return l, s.touch(ctx, "")
}

func scanLocation(r Rows) (l org.Location, err error) {
	var languages, number, hours string
	err = r.Scan(&l.ID, &l.Org, &l.Name, &l.Address, &l.Zone, &l.Region, &l.Subregion, &languages, &number, &hours, &l.Travel, &l.ExternalID, &l.Revision)
	if err != nil {
		return l, err
	}
	if number != "" {
		if l.Phone, err = phone.FromStored(number); err != nil {
			return l, err
		}
	}
	if err := json.Unmarshal([]byte(languages), &l.Languages); err != nil {
		return l, errs.Wrap(errs.Internal, "a location's languages cannot be read", err)
	}
	return l, errs.Wrap(errs.Internal, "a location's hours cannot be read", json.Unmarshal([]byte(hours), &l.Hours))
}

// Location reads one.
func (s orgs) Location(ctx context.Context, location id.ID) (org.Location, error) {
	all, err := s.locations(ctx, ` AND id = $2`, location)
	if err == nil && len(all) == 0 {
		return org.Location{}, found(ErrNone, "location")
	}
	if err != nil {
		return org.Location{}, err
	}
	return all[0], nil
}

// Locations lists the organization's locations.
func (s orgs) Locations(ctx context.Context) ([]org.Location, error) { return s.locations(ctx, ``) }

func (s orgs) locations(ctx context.Context, and string, more ...any) ([]org.Location, error) {
	own, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+locationColumns+` FROM locations WHERE org_id = $1`+and+` ORDER BY id`, append(args(own), more...), scanLocation)
}

// SavePractitioner inserts or updates a practitioner.
func (s orgs) SavePractitioner(ctx context.Context, p org.Practitioner) (org.Practitioner, error) {
	own, err := s.org()
	if err != nil {
		return p, err
	}
	if p.ID.IsZero() {
		p.ID = id.New()
	}
	p.Org = own
	var name, external string
	err = one(ctx, s, `SELECT name, external_id FROM practitioners WHERE id = $1 AND org_id = $2`, args(p.ID, own), &name, &external)
	if err == nil && name == p.Name && external == p.ExternalID {
		return p, nil
	}
	if err != nil && !errors.Is(err, ErrNone) {
		return p, err
	}
	n, err := s.Exec(ctx, `INSERT INTO practitioners (id, org_id, name, external_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, external_id = excluded.external_id
		WHERE practitioners.org_id = excluded.org_id`, p.ID, own, p.Name, p.ExternalID)
	if err == nil && n == 0 {
		err = found(ErrNone, "practitioner")
	}
	if err != nil {
		return p, err
	}
	return p, s.touch(ctx, "") // texts name practitioners
}

// Practitioners lists the organization's practitioners.
func (s orgs) Practitioners(ctx context.Context) ([]org.Practitioner, error) {
	own, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT id, org_id, name, external_id FROM practitioners WHERE org_id = $1 ORDER BY id`, args(own),
		func(r Rows) (p org.Practitioner, err error) {
			err = r.Scan(&p.ID, &p.Org, &p.Name, &p.ExternalID)
			return p, err
		})
}
