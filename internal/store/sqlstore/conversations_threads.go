package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/store"
)

const threadColumns = `id, org_id, point_id, location_id, state, claimed_by, version, urgent, last_in, last_out, waits_from, cause`

// Thread finds or makes the conversation of a contact point.
func (s conversations) Thread(ctx context.Context, point, location id.ID) (conversation.Conversation, error) {
	all, err := s.threads(ctx, `point_id = $2`, point)
	if err != nil || len(all) > 0 {
		return first(all), err
	}
	org, err := s.org()
	if err != nil {
		return conversation.Conversation{}, err
	}
	c := conversation.Conversation{ID: id.New(), Org: org, Point: point, Location: location, State: conversation.Quiet, Version: 1}
	_, err = s.Exec(ctx, `INSERT INTO conversations (`+threadColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`,
		c.ID, org, point, location, c.State, c.Claimed, c.Version, c.Urgent, c.LastIn, c.LastOut, c.WaitsFrom, c.Cause)
	return c, err
}

func first[T any](all []T) (v T) {
	if len(all) > 0 {
		v = all[0]
	}
	return v
}

func (s conversations) ThreadByID(ctx context.Context, thread id.ID) (conversation.Conversation, error) {
	all, err := s.threads(ctx, `id = $2`, thread)
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "conversation")
	}
	return first(all), err
}

func (s conversations) UpdateThread(ctx context.Context, c conversation.Conversation) (conversation.Conversation, error) {
	org, err := s.org()
	if err != nil {
		return c, err
	}
	n, err := s.Exec(ctx, `UPDATE conversations SET location_id = $1, state = $2, claimed_by = $3, urgent = $4, last_in = $5, last_out = $6,
		waits_from = $7, cause = $8, version = version + 1 WHERE id = $9 AND org_id = $10 AND version = $11`,
		c.Location, c.State, c.Claimed, c.Urgent, c.LastIn, c.LastOut, c.WaitsFrom, c.Cause, c.ID, org, c.Version)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "somebody else changed this conversation meanwhile: look again")
	}
	c.Version++
	s.Publish(store.TopicConversations)
	return c, err
}

func (s conversations) WaitingThreads(ctx context.Context, location id.ID, limit int) ([]conversation.Conversation, error) {
	const order = ` ORDER BY urgent DESC, waits_from, id LIMIT `
	if location.IsZero() {
		return s.threads(ctx, `state = 'open'`+order+`$2`, limit)
	}
	return s.threads(ctx, `state = 'open' AND location_id = $2`+order+`$3`, location, limit)
}

func (s conversations) CountWaiting(ctx context.Context) (n int, err error) {
	org, err := s.org()
	if err != nil {
		return 0, err
	}
	err = one(ctx, s.Conn, `SELECT count(*) FROM conversations WHERE org_id = $1 AND state = 'open'`, args(org), &n)
	return n, err
}

// threads is a query within the organization, which is $1.
func (s conversations) threads(ctx context.Context, and string, more ...any) ([]conversation.Conversation, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s.Conn, `SELECT `+threadColumns+` FROM conversations WHERE org_id = $1 AND `+and, append(args(org), more...),
		func(r Rows) (c conversation.Conversation, err error) {
			err = r.Scan(Dests([]any{&c.ID, &c.Org, &c.Point, &c.Location, &c.State, &c.Claimed, &c.Version, &c.Urgent, &c.LastIn, &c.LastOut, &c.WaitsFrom, (*string)(&c.Cause)})...)
			return c, err
		})
}

const questionColumns = `id, org_id, point_id, person_id, message_id, appointment_id, visit_version, enrollment_id, purpose, codes, asked_at,
	closes_at, closed_at, answer`

// AskQuestions opens questions. Questions about one visit share their digits: tomorrow's reminder leaves while last
// week's may still be answered.
func (s conversations) AskQuestions(ctx context.Context, all []conversation.Question) ([]bool, error) {
	org, err := s.org()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if err := s.unask(ctx, org, all); err != nil {
		return nil, err
	}
	asked, done, err := s.askAll(ctx, org, all)
	if err != nil || done {
		return asked, err
	}
	for i, q := range all {
		if asked[i], err = s.ask(ctx, org, q); err != nil {
			return nil, err
		}
	}
	return asked, nil
}

var insertCodes = NewInsert("question_codes", "ON CONFLICT DO NOTHING",
	Column{"point_id", ID}, Column{"code", Text}, Column{"question_id", ID}, Column{"org_id", ID})

// askAll is the usual case, every digit free: all of them in two statements. Otherwise nothing is kept, and done is false.
func (s conversations) askAll(ctx context.Context, org id.ID, all []conversation.Question) (asked []bool, done bool, err error) {
	var codes, rows [][]any
	ids := make([]id.ID, len(all))
	asked = make([]bool, len(all))
	for i := range all {
		q := &all[i]
		if q.ID.IsZero() {
			q.ID = id.New()
		}
		ids[i], asked[i] = q.ID, true
		for code := range q.Codes {
			codes = append(codes, []any{q.Point, code, q.ID, org})
		}
		row, err := questionRow(org, q)
		if err != nil {
			return nil, false, err
		}
		rows = append(rows, row)
	}
	n, err := s.Bulk(ctx, insertCodes, codes)
	if err != nil {
		return nil, false, err
	}
	if int(n) != len(codes) {
		_, err = s.Exec(ctx, `DELETE FROM question_codes WHERE org_id = $1 AND `+s.In("question_id", "$2", ID), org, ids)
		return asked, false, err
	}
	_, err = s.Bulk(ctx, insertQuestions, rows)
	return asked, true, err
}

// unask takes back what the same messages asked before they were to leave again.
func (s conversations) unask(ctx context.Context, org id.ID, all []conversation.Question) error {
	var before []id.ID
	messages := make([]id.ID, len(all))
	points := make([]id.ID, len(all))
	for i, q := range all {
		messages[i], points[i] = q.Message, q.Point
	}
	err := each(ctx, s.Conn, `SELECT id FROM questions WHERE org_id = $1 AND closed_at IS NULL AND `+s.In("point_id", "$2", ID)+`
		AND `+s.In("message_id", "$3", ID), args(org, points, messages), func(r Rows) error {
		var q id.ID
		err := r.Scan(Dest(&q))
		before = append(before, q)
		return err
	})
	if err != nil || len(before) == 0 {
		return err
	}
	if _, err = s.Exec(ctx, `DELETE FROM question_codes WHERE org_id = $1 AND `+s.In("question_id", "$2", ID), org, before); err != nil {
		return err
	}
	_, err = s.Exec(ctx, `DELETE FROM questions WHERE org_id = $1 AND `+s.In("id", "$2", ID), org, before)
	return err
}

func (s conversations) ask(ctx context.Context, org id.ID, q conversation.Question) (bool, error) {
	for code := range q.Codes {
		taken, err := s.take(ctx, org, q, code)
		if err != nil {
			return false, err
		}
		if !taken {
			return false, s.giveBack(ctx, org, q.ID)
		}
	}
	row, err := questionRow(org, &q)
	if err != nil {
		return false, err
	}
	_, err = s.Bulk(ctx, insertQuestions, [][]any{row})
	return err == nil, err
}

var insertQuestions = NewInsert("questions", "", Column{"id", ID}, Column{"org_id", ID}, Column{"point_id", ID}, Column{"person_id", ID},
	Column{"message_id", ID}, Column{"appointment_id", ID}, Column{"visit_version", Int}, Column{"enrollment_id", ID}, Column{"purpose", Text},
	Column{"codes", Text}, Column{"asked_at", Int}, Column{"closes_at", Int}, Column{"closed_at", Int}, Column{"answer", Text})

func questionRow(org id.ID, q *conversation.Question) ([]any, error) {
	codes, err := json.Marshal(q.Codes)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "reply codes cannot be kept", err)
	}
	return args(q.ID, org, q.Point, q.Person, q.Message, q.Appointment, q.Version, q.Enrollment, string(q.Purpose), string(codes), q.AskedAt, q.ClosesAt,
		q.ClosedAt, q.Answer), nil
}

// take gives a digit to a question: a free one, one of the same visit, or one whose text will never leave. False: another
// question has it.
func (s conversations) take(ctx context.Context, org id.ID, q conversation.Question, code string) (bool, error) {
	n, err := s.Exec(ctx, `INSERT INTO question_codes (point_id, code, question_id, org_id) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING`,
		q.Point, code, q.ID, org)
	if err != nil || n > 0 {
		return err == nil, err
	}
	n, err = s.Exec(ctx, `UPDATE question_codes SET question_id = $1 WHERE point_id = $2 AND code = $3 AND org_id = $4 AND question_id IN
		(SELECT h.id FROM questions h WHERE h.point_id = $2 AND (h.closed_at IS NOT NULL OR h.appointment_id = $5
		 OR EXISTS (SELECT 1 FROM message_states m WHERE m.id = h.message_id AND m.state IN `+neverLeft+`)))`,
		q.ID, q.Point, code, org, q.Appointment)
	return n > 0, err
}

// giveBack frees the digits that a question took before it met one that is not free.
func (s conversations) giveBack(ctx context.Context, org, question id.ID) error {
	_, err := s.Exec(ctx, `DELETE FROM question_codes WHERE org_id = $1 AND question_id = $2`, org, question)
	return err
}

// neverLeft are the states of texts that nobody got and nobody will.
const neverLeft = `('cancelled', 'refused', 'expired', 'failed')`

// waiting are the states of texts that may still leave.
const waiting = `('planned', 'held', 'queued')`

func (s conversations) QuestionsOf(ctx context.Context, points []id.ID, since time.Time) ([]conversation.Question, error) {
	org, err := s.org()
	if err != nil || len(points) == 0 {
		return nil, err
	}
	return list(ctx, s.Conn, `SELECT `+questionColumns+`,
		NOT EXISTS (SELECT 1 FROM message_states m WHERE m.id = message_id AND m.state IN `+waiting+`)
		FROM questions WHERE org_id = $1 AND (closed_at IS NULL OR closed_at >= $2) AND `+s.In("point_id", "$3", ID)+`
		AND NOT EXISTS (SELECT 1 FROM message_states m WHERE m.id = message_id AND m.state IN `+neverLeft+`)
		ORDER BY asked_at, id`, args(org, since, points),
		func(r Rows) (q conversation.Question, err error) {
			var codes string
			err = r.Scan(Dests([]any{&q.ID, &q.Org, &q.Point, &q.Person, &q.Message, &q.Appointment, &q.Version, &q.Enrollment, &q.Purpose, &codes,
				&q.AskedAt, &q.ClosesAt, &q.ClosedAt, &q.Answer, &q.Asked})...)
			if err == nil {
				err = json.Unmarshal([]byte(codes), &q.Codes)
			}
			return q, err
		})
}

func (s conversations) CloseQuestion(ctx context.Context, question id.ID, answer string) (bool, error) {
	org, err := s.org()
	if err != nil {
		return false, err
	}
	n, err := s.Exec(ctx, `UPDATE questions SET closed_at = $1, answer = $2 WHERE org_id = $4 AND closed_at IS NULL AND (id = $3 OR EXISTS
		(SELECT 1 FROM questions a WHERE a.id = $3 AND a.closed_at IS NULL AND a.point_id = questions.point_id
		 AND a.appointment_id = questions.appointment_id))`, s.now, answer, question, org)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = s.Exec(ctx, `DELETE FROM question_codes WHERE org_id = $1 AND question_id IN (SELECT q.id FROM questions q
		WHERE q.closed_at IS NOT NULL AND q.point_id = (SELECT a.point_id FROM questions a WHERE a.id = $2))`, org, question)
	return true, err
}

func (s conversations) CloseQuestionsAbout(ctx context.Context, visits []id.ID) (int, error) {
	org, err := s.org()
	if err != nil || len(visits) == 0 {
		return 0, err
	}
	in := s.In("appointment_id", "$2", ID)
	if _, err := s.Exec(ctx, `DELETE FROM question_codes WHERE question_id IN
		(SELECT id FROM questions WHERE org_id = $1 AND closed_at IS NULL AND `+in+`)`, org, visits); err != nil {
		return 0, err
	}
	n, err := s.Exec(ctx, `UPDATE questions SET closed_at = $3 WHERE org_id = $1 AND closed_at IS NULL AND `+in, org, visits, s.now)
	return int(n), err
}

func (s conversations) ExpireQuestions(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := s.system(); err != nil {
		return 0, err
	}
	old, err := list(ctx, s.Conn, `SELECT id FROM questions WHERE closed_at IS NULL AND closes_at <= $1 ORDER BY closes_at LIMIT $2`,
		args(now, limit), func(r Rows) (q id.ID, err error) {
			err = r.Scan(Dests([]any{&q})...)
			return q, err
		})
	if err != nil || len(old) == 0 {
		return 0, err
	}
	if _, err := s.Exec(ctx, `DELETE FROM question_codes WHERE `+s.In("question_id", "$1", ID), old); err != nil {
		return 0, err
	}
	n, err := s.Exec(ctx, `UPDATE questions SET closed_at = $2 WHERE `+s.In("id", "$1", ID), old, now)
	return int(n), err
}
