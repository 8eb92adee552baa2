package gate

import (
	"time"

	"carillon.dev/carillon/internal/core/message"
)

// caps: how often one person is written to for one purpose. Answers and texts that somebody wrote neither count nor
// are stopped. News of a change is not stopped (silence about a moved visit is worse than a third text) but counts:
// what is sent after it is one text more. A text that a nearer reminder follows keeps room for the reminders that are
// planned: the last word before a visit is worth more than the first.
func caps(f *Facts, _ time.Time) (Finding, bool) {
	t := f.Text.Purpose.Traits()
	if f.Text.Answers || f.Text.StaffText || f.Text.Change {
		return pass()
	}
	limit := Budget{Day: t.DayCap, Week: t.WeekCap}
	switch {
	case limit.spent(f.Counts.Day, f.Counts.Week):
		return refuse(message.ReasonCap)
	case limit.spent(f.Counts.FullDay, f.Counts.FullWeek):
		return refuse(message.ReasonKeepsRoom)
	}
	return pass()
}

// putOff is how long a text that may wait is put off when the person's budget has no room for it.
const putOff = 24 * time.Hour

// budget: how often one person is written to at all. What counts for caps counts here, for every purpose that spends
// the budget together. A text that is no care also keeps room for care that is planned, and care that a nearer reminder
// follows for such reminders. What is no care is put off while it is still of use; care that finds no room is refused at
// once, so that somebody hears of it.
func budget(f *Facts, now time.Time) (Finding, bool) {
	if !f.Text.Purpose.Traits().Spends || f.Text.Answers || f.Text.StaffText || f.Text.Change || f.confirms() {
		return pass()
	}
	c, yields := &f.Counts, f.Text.Purpose.Yields()
	switch {
	case f.Org.Budget.spent(c.AllDay, c.AllWeek):
		return postponed(f, message.ReasonBudget, yields, now)
	case f.Org.Budget.spent(c.FullAllDay, c.FullAllWeek):
		return postponed(f, message.ReasonKeepsRoom, yields, now)
	}
	return pass()
}

// spent reports whether one text more would be too many.
func (b Budget) spent(day, week int) bool {
	return (b.Day > 0 && day >= b.Day) || (b.Week > 0 && week >= b.Week)
}

func postponed(f *Facts, why message.Reason, mayWait bool, now time.Time) (Finding, bool) {
	if until := now.Add(putOff); mayWait && until.Before(f.Text.ExpiresAt) {
		return hold(why, until)
	}
	return refuse(why)
}
