package simulator

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"
)

// Stats are counted at the carrier, so that a benchmark can compare them with what a database says.
type Stats struct {
	Submitted int64 `json:"submitted"` // submit_sm and data_sm that parsed
	Accepted  int64 `json:"accepted"`
	Throttled int64 `json:"throttled"` // ESME_RTHROTTLED and ESME_RMSGQFUL
	Refused   int64 `json:"refused"`   // any other refusal
	Segments  int64 `json:"segments"`  // accepted, uncut texts counted by their length

	// Distinct counts accepted messages by destination, part, user data and user_message_reference; Duplicates
	// counts those that came before; Untracked those that there was no room to remember (Config.MaxTracked).
	Distinct   int64 `json:"distinct"`
	Duplicates int64 `json:"duplicates"`
	Untracked  int64 `json:"untracked"`
	AfterStop  int64 `json:"after_stop"` // accepted to a number that had sent STOP (the one confirmation counts too)

	Delivered     int64 `json:"delivered"`   // reached the phone
	Undelivered   int64 `json:"undelivered"` // did not
	ReceiptsSent  int64 `json:"receipts_sent"`
	ReceiptsAcked int64 `json:"receipts_acked"`
	TextsSent     int64 `json:"texts_sent"` // parts of what people wrote
	TextsAcked    int64 `json:"texts_acked"`
	Redelivered   int64 `json:"redelivered"` // deliver_sm sent again after a cut or a temporary refusal

	Sessions int64 `json:"sessions"` // connections bound now
	Binds    int64 `json:"binds"`    // so far
	Pending  int64 `json:"pending"`  // receipts and texts not acknowledged yet, due or not
	BadPDU   int64 `json:"bad_pdu"`

	FirstSubmit    time.Time `json:"first_submit,omitzero"`     // machine time
	LastSubmit     time.Time `json:"last_submit,omitzero"`      // machine time
	LastReceiptAck time.Time `json:"last_receipt_ack,omitzero"` // machine time
}

type counters struct {
	submitted, accepted, throttled, refused, segments  atomic.Int64
	distinct, duplicates, untracked, afterStop         atomic.Int64
	delivered, undelivered                             atomic.Int64
	receiptsSent, receiptsAcked, textsSent, textsAcked atomic.Int64
	redelivered, sessions, binds, pending, badPDU      atomic.Int64
	firstSubmit, lastSubmit, lastReceiptAck            atomic.Int64
}

// Stats is a snapshot.
func (s *Server) Stats() Stats {
	c := &s.count
	return Stats{
		Submitted: c.submitted.Load(), Accepted: c.accepted.Load(), Throttled: c.throttled.Load(), Refused: c.refused.Load(),
		Segments: c.segments.Load(), Distinct: c.distinct.Load(), Duplicates: c.duplicates.Load(), Untracked: c.untracked.Load(),
		AfterStop: c.afterStop.Load(), Delivered: c.delivered.Load(), Undelivered: c.undelivered.Load(),
		ReceiptsSent: c.receiptsSent.Load(), ReceiptsAcked: c.receiptsAcked.Load(), TextsSent: c.textsSent.Load(),
		TextsAcked: c.textsAcked.Load(), Redelivered: c.redelivered.Load(), Sessions: c.sessions.Load(), Binds: c.binds.Load(),
		Pending: c.pending.Load(), BadPDU: c.badPDU.Load(), FirstSubmit: moment(&c.firstSubmit), LastSubmit: moment(&c.lastSubmit),
		LastReceiptAck: moment(&c.lastReceiptAck),
	}
}

func moment(v *atomic.Int64) time.Time {
	if n := v.Load(); n != 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

// Handler serves Stats as JSON on GET /stats, for a benchmark in another process. Listen on loopback only.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Stats())
	})
	return mux
}
