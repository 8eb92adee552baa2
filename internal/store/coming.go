package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
)

// Coming looks ahead: messages that wait, and steps that journeys will make messages of.
type Coming interface {
	// ComingTexts pages by due time through what is due in [from, to) at a site, or at every site when it is zero. The
	// page begins behind after, whose zero value is the beginning.
	ComingTexts(ctx context.Context, site id.ID, from, to time.Time, after ComingMark, limit int) ([]ComingText, error)
	// CountComing counts the same between each two of the ascending edges.
	CountComing(ctx context.Context, site id.ID, edges []time.Time) ([]int, error)
}

// ComingMark is the place of a text in the order of due times.
type ComingMark struct {
	Due  time.Time
	ID   id.ID // of the message or the enrollment
	Step string
}

// ComingText is one text to come.
type ComingText struct {
	ComingMark
	Message id.ID // zero for a step that is no message yet
	Visit   id.ID
	Person  id.ID
}
