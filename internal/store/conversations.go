package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/phone"
)

// Conversations keeps what comes in: parts as carriers deliver them, whole texts, threads, open questions.
type Conversations interface {
	InboundParts
	InboundTexts
	Threads
	Questions
}

// InboundParts keeps what a carrier delivered before it is acknowledged.
type InboundParts interface {
	// PutPart stores a delivered part. fresh is false when the same event (route, numbers, header and body, under
	// the same open question) was stored within Same before: nothing is written then, and the stored one is returned.
	PutPart(ctx context.Context, p InboundPart, same time.Duration) (stored InboundPart, fresh bool, err error)
	// PartsLike lists parts of one text that are not joined yet: same route, numbers, reference and total.
	PartsLike(ctx context.Context, p InboundPart) ([]InboundPart, error)
	// LooseParts lists parts that were received before then and belong to no text yet; system scope.
	LooseParts(ctx context.Context, before time.Time, limit int) ([]InboundPart, error)
	// JoinParts says which text the parts became.
	JoinParts(ctx context.Context, parts []id.ID, text id.ID) error
}

// InboundPart is one delivery of a carrier, sealed at rest.
type InboundPart struct {
	ID         id.ID
	Org        id.ID
	Route      id.ID
	From       phone.Number
	To         string // the inbound number or short code
	Question   id.ID  // the newest open question of the number when it came; zero for none
	Ref        int    // concatenation: reference, number from 1, total; total 0 is a whole text
	Number     int
	Total      int
	Body       phi.Text  // decoded
	Raw        phi.Text  // header and payload as they came, for telling events apart
	ReceivedAt time.Time // machine
	At         time.Time // domain
	Text       id.ID     // the text it became part of
}

// InboundTexts keeps whole texts from phones.
type InboundTexts interface {
	PutInbound(ctx context.Context, in conversation.Inbound) (conversation.Inbound, error)
	Inbound(ctx context.Context, text id.ID) (conversation.Inbound, error)
	// InboundOf lists a contact point's texts, newest first, older than Page.After when it is set.
	InboundOf(ctx context.Context, point id.ID, p Page) ([]conversation.Inbound, error)
	// SetMeaning keeps how a text was understood and what was done; staff may correct it.
	SetMeaning(ctx context.Context, in conversation.Inbound) error
}

// Threads keeps one conversation per contact point.
type Threads interface {
	// Thread finds the conversation of a contact point, or makes a quiet one.
	Thread(ctx context.Context, point, location id.ID) (conversation.Conversation, error)
	ThreadByID(ctx context.Context, thread id.ID) (conversation.Conversation, error)
	// UpdateThread replaces a conversation whose Version is the stored one, which then rises; errs.Conflict
	// otherwise: somebody else took it.
	UpdateThread(ctx context.Context, c conversation.Conversation) (conversation.Conversation, error)
	// WaitingThreads lists open conversations: urgent ones first, then who waits longest.
	WaitingThreads(ctx context.Context, location id.ID, limit int) ([]conversation.Conversation, error)
	// CountWaiting counts open conversations.
	CountWaiting(ctx context.Context) (int, error)
}

// Questions keeps what numbers were asked.
type Questions interface {
	// AskQuestions opens questions and says which. One is not opened when another open question of the number has one of
	// its digits, unless both are about the same visit, or the other's text will never leave. A question takes the place
	// of one that is open from the same message.
	AskQuestions(ctx context.Context, all []conversation.Question) ([]bool, error)
	// QuestionsOf lists questions of contact points that are open, or were closed at or after since; Asked says
	// whether their text has left. Questions whose text will never leave are left out.
	QuestionsOf(ctx context.Context, points []id.ID, since time.Time) ([]conversation.Question, error)
	// CloseQuestion ends an open question, and the others of its number about the same visit, with the intent that
	// answered it; empty when nothing did. One that is closed stays as it is, and the answer is false.
	CloseQuestion(ctx context.Context, question id.ID, answer string) (bool, error)
	// CloseQuestionsAbout ends the open questions about visits (moved, cancelled, over) and says how many.
	CloseQuestionsAbout(ctx context.Context, visits []id.ID) (int, error)
	// ExpireQuestions ends questions whose time is over; system scope.
	ExpireQuestions(ctx context.Context, now time.Time, limit int) (int, error)
}
