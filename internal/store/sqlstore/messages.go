package sqlstore

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// Messages gives access to the rows of store.Messages.
func (t *Tx) Messages() store.Messages { return messages{t} }

type messages struct{ *Tx }

// messageColumns are in the order of scanDraft, of messageRows: what a message says is in messages (m), where it is in
// message_states (s).
const messageColumns = `m.id, m.org_id, s.state, m.purpose, s.priority, m.origin, m.enrollment_id, m.step, m.occurrence, m.by_id,
	m.person_id, m.point_id, m.channel, m.location_id, m.visit_id, m.visit_version, m.template, m.template_version, m.locale, m.sealed,
	m.flags, m.segments, m.coding, s.route_id, s.sender_id, s.reason, s.attempts, s.resent, s.due_at, m.expires_at, s.held_until,
	m.planned_at, s.leased_at, s.sent_at, s.done_at, s.provider_id, s.error_code, m.corrects, m.exempt, m.decision, s.revised`

// messageRows are messages with their states; mineM is mine for them.
const (
	messageRows = `messages m JOIN message_states s ON s.id = m.id`
	mineM       = `coalesce(m.org_id, m.org_id) = $1`
)

var insertMessages = NewInsert("messages", "",
	Column{"id", ID}, Column{"org_id", ID}, Column{"purpose", Text}, Column{"origin", Text}, Column{"enrollment_id", ID},
	Column{"step", Text}, Column{"occurrence", Int}, Column{"by_id", ID}, Column{"person_id", ID}, Column{"point_id", ID},
	Column{"channel", Text}, Column{"location_id", ID}, Column{"visit_id", ID}, Column{"visit_version", Int}, Column{"template", Text},
	Column{"template_version", Int}, Column{"locale", Text}, Column{"sealed", Bytes}, Column{"flags", Int}, Column{"segments", Int},
	Column{"coding", Text}, Column{"expires_at", Int}, Column{"planned_at", Int}, Column{"corrects", ID}, Column{"exempt", ID},
	Column{"decision", Text})

var insertStates = NewInsert("message_states", "",
	Column{"id", ID}, Column{"org_id", ID}, Column{"state", Text}, Column{"phase", Text}, Column{"priority", Int}, Column{"route_id", ID},
	Column{"sender_id", ID}, Column{"reason", Text}, Column{"attempts", Int}, Column{"resent", Bool}, Column{"due_at", Int},
	Column{"held_until", Int}, Column{"error_code", Text}, Column{"fence", Int}, Column{"revised", Int})

var insertKeys = NewInsert("message_keys", "ON CONFLICT (enrollment_id, step, occurrence) DO NOTHING",
	Column{"enrollment_id", ID}, Column{"step", Text}, Column{"occurrence", Int}, Column{"org_id", ID}, Column{"message_id", ID})

var insertEvents = NewInsert("message_events", "",
	Column{"id", ID}, Column{"org_id", ID}, Column{"message_id", ID}, Column{"at", Int}, Column{"from_state", Text},
	Column{"to_state", Text}, Column{"reason", Text}, Column{"code", Text}, Column{"attempt", Int})

// Insert writes drafts whose natural key is new.
func (m messages) Insert(ctx context.Context, drafts []store.Draft, events []message.Event) ([]bool, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	kept, err := m.claimKeys(ctx, org, drafts)
	if err != nil {
		return nil, err
	}
	said, states := make([][]any, 0, len(drafts)), make([][]any, 0, len(drafts))
	written := make(map[id.ID]bool, len(events))
	keys, err := m.keysOf(ctx, org, unpacked(drafts))
	if err != nil {
		return nil, err
	}
	due := false
	for i := range drafts {
		if !kept[i] {
			continue
		}
		d := &drafts[i]
		if err := m.pack(ctx, org, d, keys); err != nil {
			return nil, err
		}
		said, states = append(said, draftRow(org, d)), append(states, stateRow(org, d))
		m.remember(d)
		due = due || d.State == message.Queued
		if len(events) > 0 {
			written[d.ID] = true
		}
	}
	if _, err := m.Bulk(ctx, insertMessages, said); err != nil {
		return nil, err
	}
	if _, err := m.Bulk(ctx, insertStates, states); err != nil {
		return nil, err
	}
	var mine []message.Event
	for _, e := range events {
		if written[e.Message] {
			mine = append(mine, e)
		}
	}
	m.Publish(store.TopicMessages)
	if due {
		m.Publish(store.TopicDue)
	}
	return kept, m.addEvents(ctx, org, mine)
}

// unpacked are whom the drafts are to that Pack has not seen.
func unpacked(drafts []store.Draft) (people []id.ID) {
	for i := range drafts {
		if drafts[i].Packed == nil {
			people = append(people, drafts[i].Person)
		}
	}
	return people
}

// Pack seals drafts.
func (m messages) Pack(ctx context.Context, drafts []*store.Draft) error {
	org, err := m.org()
	if err != nil {
		return err
	}
	people := make([]id.ID, len(drafts))
	for i, d := range drafts {
		people[i] = d.Person
	}
	keys, err := m.keysOf(ctx, org, people)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		if keys[d.Person] == nil {
			continue // Insert makes the key, or says what is wrong
		}
		if err := m.pack(ctx, org, d, keys); err != nil {
			return err
		}
	}
	return nil
}

func (m messages) pack(ctx context.Context, org id.ID, d *store.Draft, keys map[id.ID]*seal.Key) (err error) {
	if d.Packed != nil {
		return nil
	}
	k := keys[d.Person]
	if k == nil {
		if k, err = m.keyOf(ctx, org, d.Person); err != nil {
			return err
		}
	}
	decision, err := packDecision(&d.Decision, d.PlannedAt, d.ExpiresAt)
	if err == nil {
		d.Packed = &store.Packed{Sealed: sealDraft(k, org, d), Decision: decision}
	}
	return err
}

// claimKeys inserts natural keys and says which drafts may be written. Rows of one call may share a key: the
// first one wins.
func (m messages) claimKeys(ctx context.Context, org id.ID, drafts []store.Draft) ([]bool, error) {
	kept := make([]bool, len(drafts))
	rows := make([][]any, 0, len(drafts))
	asked := make([]store.Key, 0, len(drafts))
	for i := range drafts {
		k := drafts[i].Key()
		if k.IsZero() {
			kept[i] = true
			continue
		}
		rows = append(rows, args(k.Enrollment, k.Step, k.Occurrence, org, drafts[i].ID))
		asked = append(asked, k)
	}
	if len(rows) == 0 {
		return kept, nil
	}
	n, err := m.Bulk(ctx, insertKeys, rows)
	if err != nil {
		return nil, err
	}
	if int(n) == len(rows) {
		for i := range kept {
			kept[i] = true
		}
		return kept, nil
	}
	owners, err := m.keyOwners(ctx, org, asked)
	if err != nil {
		return nil, err
	}
	for i := range drafts {
		if k := drafts[i].Key(); !k.IsZero() {
			kept[i] = owners[k] == drafts[i].ID
		}
	}
	return kept, nil
}

func (m messages) keyOwners(ctx context.Context, org id.ID, keys []store.Key) (map[store.Key]id.ID, error) {
	enrollments := make([]id.ID, 0, len(keys))
	for _, k := range keys {
		if !k.IsZero() {
			enrollments = append(enrollments, k.Enrollment)
		}
	}
	out := make(map[store.Key]id.ID, len(keys))
	if len(enrollments) == 0 {
		return out, nil
	}
	err := each(ctx, m, `SELECT enrollment_id, step, occurrence, message_id FROM message_keys
		WHERE `+mine+` AND `+m.In("enrollment_id", "$2", ID), args(org, enrollments), func(r Rows) error {
		var k store.Key
		var owner id.ID
		if err := r.Scan(&k.Enrollment, &k.Step, &k.Occurrence, &owner); err != nil {
			return err
		}
		out[k] = owner
		return nil
	})
	return out, err
}

// KeysTaken says which natural keys were used before.
func (m messages) KeysTaken(ctx context.Context, keys []store.Key) ([]bool, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	owners, err := m.keyOwners(ctx, org, keys)
	taken := make([]bool, len(keys))
	for i, k := range keys {
		_, taken[i] = owners[k]
	}
	return taken, err
}

func messagePlace(org, row id.ID) seal.Place {
	return seal.Place{Table: "messages", Column: "sealed", Org: org, Row: row}
}

func draftRow(org id.ID, d *store.Draft) []any {
	return []any{d.ID, org, string(d.Purpose), string(d.Origin.Kind), d.Origin.Enrollment,
		d.Origin.Step, int64(d.Origin.Occurrence), d.Origin.By, d.Person, d.Point,
		string(d.Channel), d.Location, d.Appointment, d.AppointmentVersion, d.Template,
		d.TemplateVersion, d.Locale, d.Packed.Sealed, int64(d.Flags), int64(d.Segments),
		d.Coding, d.ExpiresAt, d.PlannedAt, d.Corrects, d.Exempt,
		d.Packed.Decision}
}

func stateRow(org id.ID, d *store.Draft) []any {
	return []any{d.ID, org, string(d.State), phaseOf(d.State), int64(d.Priority), d.Route,
		d.Sender, string(d.Reason), int64(d.Attempts), d.Resent, d.DueAt,
		d.HeldUntil, d.ErrorCode, int64(0), int64(0)}
}

func (t *Tx) addEvents(ctx context.Context, org id.ID, events []message.Event) error {
	rows := make([][]any, len(events))
	for i, e := range events {
		if e.ID.IsZero() {
			e.ID = id.New()
		}
		if e.At.IsZero() {
			e.At = t.now
		}
		rows[i] = args(e.ID, org, e.Message, e.At, string(e.From), string(e.To), string(e.Reason), e.Code, e.Attempt)
	}
	_, err := t.Bulk(ctx, insertEvents, rows)
	return err
}
