package sqlstore

import (
	"context"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// Conversations gives access to the rows of store.Conversations.
func (t *Tx) Conversations() store.Conversations { return conversations{t} }

type conversations struct{ *Tx }

func partPlace(org, part id.ID) seal.Place {
	return seal.Place{Table: "inbound_parts", Column: "sealed", Org: org, Row: part}
}

func inboundPlace(org, text id.ID) seal.Place {
	return seal.Place{Table: "inbound_texts", Column: "sealed", Org: org, Row: text}
}

// pieces joins texts about a person into one value to seal; each is preceded by its length.
func pieces(texts ...string) string {
	var b strings.Builder
	for _, t := range texts {
		b.WriteString(strconv.Itoa(len(t)))
		b.WriteByte(':')
		b.WriteString(t)
	}
	return b.String()
}

// cutPieces is pieces undone; what does not fit is empty.
func cutPieces(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		size, rest, ok := strings.Cut(s, ":")
		length, err := strconv.Atoi(size)
		if !ok || err != nil || length < 0 || length > len(rest) {
			return out
		}
		out[i], s = rest[:length], rest[length:]
	}
	return out
}

const partColumns = `id, org_id, route_id, question_id, ref, number, total, sealed, received_at, at, inbound_id`

// PutPart stores a delivered part unless it is one that came before.
func (s conversations) PutPart(ctx context.Context, p store.InboundPart, same time.Duration) (store.InboundPart, bool, error) {
	org, err := s.org()
	if err != nil {
		return p, false, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return p, false, err
	}
	raw := pieces(p.Route.String(), p.From.Reveal(), p.To, p.Raw.Reveal())
	event := keys.Index().Opaque("inbound-event", raw)
	if err := s.Lock(ctx, "inbound:"+p.Route.String()); err != nil {
		return p, false, err
	}
	known, err := s.parts(ctx, `org_id = $1 AND event_idx = $2 AND received_at > $3 ORDER BY id DESC`, org, event, p.ReceivedAt.Add(-same))
	if err != nil {
		return p, false, err
	}
	for _, k := range known {
		if k.Question == p.Question {
			return k, false, nil
		}
	}
	if p.ID.IsZero() {
		p.ID = id.New()
	}
	p.Org = org
	sealed := keys.Key().Seal([]byte(pieces(p.From.Reveal(), p.To, p.Body.Reveal(), p.Raw.Reveal())), partPlace(org, p.ID))
	_, err = s.Exec(ctx, `INSERT INTO inbound_parts (id, org_id, route_id, event_idx, text_idx, question_id, ref, number, total, sealed,
		received_at, at, inbound_id) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`,
		p.ID, org, p.Route, event, keys.Index().Opaque("inbound-text", textKey(p)), p.Question, p.Ref, p.Number, p.Total, sealed,
		p.ReceivedAt, p.At, p.Text)
	return p, true, err
}

// textKey is what parts of one text have in common.
func textKey(p store.InboundPart) string {
	return pieces(p.Route.String(), p.From.Reveal(), p.To, strconv.Itoa(p.Ref), strconv.Itoa(p.Total))
}

func (s conversations) PartsLike(ctx context.Context, p store.InboundPart) ([]store.InboundPart, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	return s.parts(ctx, `org_id = $1 AND text_idx = $2 AND inbound_id IS NULL ORDER BY number, id`,
		org, keys.Index().Opaque("inbound-text", textKey(p)))
}

func (s conversations) LooseParts(ctx context.Context, before time.Time, limit int) ([]store.InboundPart, error) {
	if err := s.system(); err != nil {
		return nil, err
	}
	return s.parts(ctx, `inbound_id IS NULL AND received_at < $1 ORDER BY received_at LIMIT $2`, before, limit)
}

func (s conversations) JoinParts(ctx context.Context, parts []id.ID, text id.ID) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, `UPDATE inbound_parts SET inbound_id = $1 WHERE org_id = $2 AND `+s.In("id", "$3", ID), text, org, parts)
	return err
}

func (s conversations) parts(ctx context.Context, where string, more ...any) ([]store.InboundPart, error) {
	var sealed [][]byte
	out, err := list(ctx, s.Conn, `SELECT `+partColumns+` FROM inbound_parts WHERE `+where, more,
		func(r Rows) (p store.InboundPart, err error) {
			var b []byte
			err = r.Scan(Dests([]any{&p.ID, &p.Org, &p.Route, &p.Question, &p.Ref, &p.Number, &p.Total, &b, &p.ReceivedAt, &p.At, &p.Text})...)
			sealed = append(sealed, b)
			return p, err
		})
	if err != nil {
		return nil, err
	}
	for i := range out {
		keys, err := s.orgKeys(ctx, out[i].Org)
		if err != nil {
			return nil, err
		}
		plain, err := keys.Key().Open(sealed[i], partPlace(out[i].Org, out[i].ID))
		if err != nil {
			return nil, err
		}
		c := cutPieces(string(plain), 4)
		if out[i].From, err = numberOf(c[0]); err != nil {
			return nil, err
		}
		out[i].To, out[i].Body, out[i].Raw = c[1], phi.T(c[2]), phi.T(c[3])
	}
	return out, nil
}

// numberOf takes a stored number back; an alphanumeric sender has none.
func numberOf(s string) (phone.Number, error) {
	if s == "" {
		return phone.Number{}, nil
	}
	return phone.FromStored(s)
}

const inboundColumns = `id, org_id, route_id, sender_id, point_id, conversation_id, sealed, parts, missing, received_at, intent, opt_out,
	question_id, outcome`

func (s conversations) PutInbound(ctx context.Context, in conversation.Inbound) (conversation.Inbound, error) {
	org, err := s.org()
	if err != nil {
		return in, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return in, err
	}
	if in.ID.IsZero() {
		in.ID = id.New()
	}
	in.Org = org
	sealed := keys.Key().Seal([]byte(pieces(in.From.Reveal(), in.Text.Reveal())), inboundPlace(org, in.ID))
	_, err = s.Exec(ctx, `INSERT INTO inbound_texts (`+inboundColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)`,
		in.ID, org, in.Route, in.Sender, in.Point, in.Conversation, sealed, in.Parts, in.Missing, in.ReceivedAt, in.Intent, in.OptOut,
		in.Question, in.Outcome)
	s.Publish(store.TopicConversations)
	return in, err
}

func (s conversations) SetMeaning(ctx context.Context, in conversation.Inbound) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, `UPDATE inbound_texts SET intent = $1, opt_out = $2, question_id = $3, outcome = $4, conversation_id = $5
		WHERE id = $6 AND org_id = $7`, in.Intent, in.OptOut, in.Question, in.Outcome, in.Conversation, in.ID, org)
	s.Publish(store.TopicConversations)
	return err
}

func (s conversations) Inbound(ctx context.Context, text id.ID) (conversation.Inbound, error) {
	all, err := s.inbounds(ctx, `id = $2`, text)
	if err != nil {
		return conversation.Inbound{}, err
	}
	if len(all) == 0 {
		return conversation.Inbound{}, found(ErrNone, "text")
	}
	return all[0], nil
}

func (s conversations) InboundOf(ctx context.Context, point id.ID, p store.Page) ([]conversation.Inbound, error) {
	if p.After.IsZero() {
		return s.inbounds(ctx, `point_id = $2 ORDER BY id DESC LIMIT $3`, point, p.Size())
	}
	return s.inbounds(ctx, `point_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`, point, p.After, p.Size())
}

// inbounds is a query within the organization, which is $1.
func (s conversations) inbounds(ctx context.Context, and string, more ...any) ([]conversation.Inbound, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	return list(ctx, s.Conn, `SELECT `+inboundColumns+` FROM inbound_texts WHERE org_id = $1 AND `+and, append(args(org), more...),
		func(r Rows) (in conversation.Inbound, err error) {
			var sealed []byte
			if err = r.Scan(Dests([]any{&in.ID, &in.Org, &in.Route, &in.Sender, &in.Point, &in.Conversation, &sealed, &in.Parts, &in.Missing,
				&in.ReceivedAt, &in.Intent, &in.OptOut, &in.Question, &in.Outcome})...); err != nil {
				return in, err
			}
			plain, err := keys.Key().Open(sealed, inboundPlace(org, in.ID))
			if err != nil {
				return in, err
			}
			c := cutPieces(string(plain), 2)
			in.Text = phi.T(c[1])
			in.From, err = numberOf(c[0])
			return in, err
		})
}
