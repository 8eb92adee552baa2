package receipt

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// UserRef is the reference that a message's submits carry, from its id; never zero.
func UserRef(m id.ID) uint16 {
	if r := binary.BigEndian.Uint16(m[14:]); r != 0 {
		return r
	}
	return 1
}

// commit is one transaction over a batch of one organization.
func (w *Writer) commit(ctx context.Context, group []item) error {
	var b *batch
	err := w.store.InTx(ctx, access.ForJob(group[0].route.Org, "receipt"), func(tx store.Tx) error {
		b = newBatch(group) // the function may run again
		if err := b.answers(ctx, tx); err != nil {
			return err
		}
		if err := b.receipts(ctx, tx); err != nil {
			return err
		}
		if w.after != nil && len(b.ended) > 0 {
			return w.after.Missed(ctx, tx, b.ended)
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.settle()
	release(group, b.moved, nil)
	return nil
}

// batch is the work of one transaction and what memory learns when it has committed.
type batch struct {
	group []item
	moved map[*Answer]bool
	fresh map[*Route]map[string]store.Part // ids that were answered in this batch
	ended []Ended

	final    []located // receipts that were applied
	parked   map[*Route]int
	unparked map[*Route]int
	unknowns map[*Route]int
}

// located is a receipt with its message.
type located struct {
	route    *Route
	provider string
	store.Receipted
}

func newBatch(group []item) *batch {
	return &batch{group: group, moved: map[*Answer]bool{}, fresh: map[*Route]map[string]store.Part{},
		parked: map[*Route]int{}, unparked: map[*Route]int{}, unknowns: map[*Route]int{}}
}

// answers writes what became of hand-overs and takes up receipts that came before their answer.
func (b *batch) answers(ctx context.Context, tx store.Tx) error {
	var rows []store.Answered
	var from []item
	for _, it := range b.group {
		if it.answer != nil {
			rows, from = append(rows, it.answer.Answered), append(from, it)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	moved, err := tx.Messages().Answered(ctx, rows)
	if err != nil {
		return err
	}
	early := map[*Route][]string{}
	for i, it := range from {
		b.moved[it.answer] = moved[i]
		if !moved[i] {
			continue
		}
		switch a := &rows[i]; a.To {
		case message.Unknown:
			b.unknowns[it.route]++
		case message.Failed:
			b.ended = append(b.ended, Ended{Message: a.Message, To: a.To, Reason: a.Reason})
		}
		b.learn(it.route, &rows[i], early)
	}
	for r, ids := range early {
		if err := b.takeParked(ctx, tx, r, ids); err != nil {
			return err
		}
	}
	return nil
}

// learn remembers the ids of an answer, and asks for early receipts where any wait on the route.
func (b *batch) learn(r *Route, a *store.Answered, early map[*Route][]string) {
	if b.fresh[r] == nil {
		b.fresh[r] = make(map[string]store.Part, len(b.group))
	}
	note := func(provider string, p store.Part) {
		if provider == "" {
			return
		}
		b.fresh[r][provider] = p
		if r.parked.Load() > 0 {
			early[r] = append(early[r], provider)
		}
	}
	note(a.ProviderID, store.Part{Message: a.Message})
	for _, p := range a.Parts {
		note(p.ProviderID, store.Part{Message: a.Message, Number: p.Number, Parts: max(a.Total, len(a.Parts))})
	}
}

func (b *batch) takeParked(ctx context.Context, tx store.Tx, r *Route, ids []string) error {
	got, err := tx.Messages().TakeParked(ctx, r.ID, ids)
	if err != nil {
		return err
	}
	b.unparked[r] += len(got)
	for _, p := range got {
		part, ok := b.fresh[r][p.ProviderID]
		if !ok {
			continue
		}
		b.add(located{route: r, provider: p.ProviderID, Receipted: store.Receipted{Part: part, Org: r.Org, Route: r.ID,
			State: p.State, Code: p.Code, At: tx.Now()}})
	}
	return nil
}

// receipts writes final states; what fits nothing is parked.
func (b *batch) receipts(ctx context.Context, tx store.Tx) error {
	misses := map[*Route][]*carrier.Receipt{}
	for _, it := range b.group {
		if it.receipt == nil || !counts(it.receipt) {
			continue
		}
		if part, ok := b.find(it.route, it.receipt.ProviderID); ok {
			b.add(b.locate(it.route, it.receipt, part, tx.Now()))
			continue
		}
		misses[it.route] = append(misses[it.route], it.receipt)
	}
	for r, missed := range misses {
		if err := b.search(ctx, tx, r, missed); err != nil {
			return err
		}
	}
	return b.apply(ctx, tx)
}

// counts reports whether a receipt can move a message: final, and not an intermediate notice.
func counts(r *carrier.Receipt) bool { return r.State.Final() && !r.Intermediate && r.ProviderID != "" }

func (b *batch) find(r *Route, provider string) (store.Part, bool) {
	if p, ok := b.fresh[r][provider]; ok {
		return p, true
	}
	return r.known.get(provider)
}

func (b *batch) locate(r *Route, c *carrier.Receipt, part store.Part, now time.Time) located {
	code := c.ErrCode
	if c.State == carrier.ReceiptDelivered {
		code = ""
	}
	return located{route: r, provider: c.ProviderID, Receipted: store.Receipted{Part: part, Org: r.Org, Route: r.ID,
		State: stateOf(c.State), Code: code, At: now}}
}

// stateOf is what a final receipt makes of a text.
func stateOf(s carrier.ReceiptState) message.State {
	switch s {
	case carrier.ReceiptDelivered:
		return message.Delivered
	case carrier.ReceiptExpired:
		return message.Expired
	default:
		return message.Undelivered
	}
}

// search looks for messages in the store's index, then among open unknowns, and parks the rest.
func (b *batch) search(ctx context.Context, tx store.Tx, r *Route, missed []*carrier.Receipt) error {
	ids := make([]string, len(missed))
	for i, c := range missed {
		ids[i] = c.ProviderID
	}
	byID, err := tx.Messages().ByProvider(ctx, r.ID, ids)
	if err != nil {
		return err
	}
	var rest []*carrier.Receipt
	for _, c := range missed {
		if part, ok := byID[c.ProviderID]; ok {
			b.add(b.locate(r, c, part, tx.Now()))
			continue
		}
		rest = append(rest, c)
	}
	if r.unknowns.Load()+int64(b.unknowns[r]) > 0 && len(rest) > 0 {
		if rest, err = b.matchUnknowns(ctx, tx, r, rest); err != nil {
			return err
		}
	}
	park := make([]store.Parked, len(rest))
	for i, c := range rest {
		park[i] = store.Parked{Org: r.Org, Route: r.ID, ProviderID: c.ProviderID, State: stateOf(c.State), Code: c.ErrCode,
			UserRef: int(c.UserRef), SubmittedAt: c.SubmittedAt, ReceivedAt: c.ReceivedAt}
	}
	b.parked[r] += len(park)
	return tx.Messages().Park(ctx, park)
}

// window is when a message must have been leased for a receipt to speak of it: within the receipt's submit minute, or,
// when the reference was echoed, within the time that receipts are kept. ok is false for a receipt that says too little.
func (r *Route) window(c *carrier.Receipt) (to phone.Number, from, until time.Time, ok bool) {
	to, err := phone.FromStored("+" + strings.TrimPrefix(c.From.Reveal(), "+"))
	if err != nil {
		return to, from, until, false
	}
	if r.byRef(c) {
		return to, c.ReceivedAt.Add(-72 * time.Hour), c.ReceivedAt.Add(time.Minute), true
	}
	return to, c.SubmittedAt, c.SubmittedAt.Add(time.Minute), !c.SubmittedAt.IsZero()
}

func (r *Route) byRef(c *carrier.Receipt) bool { return r.EchoesRef && c.UserRef != 0 }

// matchUnknowns finds the messages of unknown outcomes: by the echoed reference, else when exactly one open unknown has
// this route, sender and destination within the receipt's submit minute. It returns the receipts without a match.
func (b *batch) matchUnknowns(ctx context.Context, tx store.Tx, r *Route, missed []*carrier.Receipt) (rest []*carrier.Receipt, err error) {
	var numbers []phone.Number
	var first, last time.Time
	for _, c := range missed {
		to, from, until, ok := r.window(c)
		if !ok {
			continue
		}
		numbers = append(numbers, to)
		if first.IsZero() || from.Before(first) {
			first = from
		}
		if until.After(last) {
			last = until
		}
	}
	open, err := tx.Messages().OpenUnknown(ctx, r.ID, numbers, first, last)
	if err != nil {
		return nil, err
	}
	byNumber := map[phone.Number][]*store.Draft{}
	for i := range open {
		byNumber[open[i].To] = append(byNumber[open[i].To], &open[i])
	}
	for _, c := range missed {
		d := r.match(c, byNumber)
		if d == nil {
			rest = append(rest, c)
			continue
		}
		l := b.locate(r, c, store.Part{Message: d.ID}, tx.Now())
		l.ProviderID = c.ProviderID // the message learns its id
		b.add(l)
	}
	return rest, nil
}

// match takes the one open unknown that a receipt can only speak of out of the candidates. A text of several parts has
// several ids: one receipt cannot tell which part it speaks of.
func (r *Route) match(c *carrier.Receipt, byNumber map[phone.Number][]*store.Draft) *store.Draft {
	to, from, until, ok := r.window(c)
	if !ok {
		return nil
	}
	sender, at := r.Sender(c.To.Reveal()), -1
	for i, d := range byNumber[to] {
		if d.Sender != sender || d.LeasedAt.Before(from) || !d.LeasedAt.Before(until) || (r.byRef(c) && UserRef(d.ID) != c.UserRef) {
			continue
		}
		if at >= 0 {
			return nil
		}
		at = i
	}
	if at < 0 || byNumber[to][at].Segments > 1 {
		return nil
	}
	found := byNumber[to][at]
	byNumber[to] = slices.Delete(byNumber[to], at, at+1)
	return found
}

func (b *batch) add(l located) { b.final = append(b.final, l) }

func (b *batch) apply(ctx context.Context, tx store.Tx) error {
	b.final = distinct(b.final)
	if len(b.final) == 0 {
		return nil
	}
	rows := make([]store.Receipted, len(b.final))
	for i := range b.final {
		rows[i] = b.final[i].Receipted
	}
	states, err := tx.Messages().Receipted(ctx, rows)
	if err != nil {
		return err
	}
	for i, s := range states {
		if s == message.Undelivered || s == message.Expired {
			b.ended = append(b.ended, Ended{Message: rows[i].Message, To: s, Reason: message.ReasonReceipt})
		}
	}
	return nil
}

// distinct keeps one receipt a message and part: a later one of the same batch replaces it only where the table
// of states lets it.
func distinct(in []located) []located {
	at := make(map[store.Part]int, len(in))
	out := in[:0]
	for _, l := range in {
		i, seen := at[l.Part]
		switch {
		case !seen:
			at[l.Part] = len(out)
			out = append(out, l)
		case out[i].State.MayBecome(l.State):
			out[i] = l
		}
	}
	return out
}

// settle is what memory learns after the commit.
func (b *batch) settle() {
	for r, fresh := range b.fresh {
		for provider, p := range fresh {
			r.known.put(provider, p)
		}
	}
	for r, n := range b.parked {
		r.parked.Add(int64(n))
	}
	for r, n := range b.unparked {
		r.parked.Add(int64(-n))
	}
	for r, n := range b.unknowns {
		r.unknowns.Add(int64(n))
	}
}
