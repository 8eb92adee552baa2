package gate

import (
	"time"

	"carillon.dev/carillon/internal/core/message"
)

// caps: how often one person is written to for one purpose. Answers and texts that somebody wrote neither count nor
// are stopped. News of a change is not stopped (silence about a moved visit is worse than a third text) but counts:
// what is sent after it is one text more.
func caps(f *Facts, _ time.Time) (Finding, bool) {
	t := f.Text.Purpose.Traits()
	if f.Text.Answers || f.Text.StaffText || f.Text.Change {
		return pass()
	}
	if (t.DayCap > 0 && f.Counts.Day >= t.DayCap) || (t.WeekCap > 0 && f.Counts.Week >= t.WeekCap) {
		return refuse(message.ReasonCap)
	}
	return pass()
}

// putOff is how long a text that may wait is put off when the person's budget has no room for it.
const putOff = 24 * time.Hour

// budget: how often one person is written to at all. What counts for caps counts here, for every purpose that spends
// the budget together. A text that is no care also keeps room for care that is planned; it is put off while it is
// still of use, where care that finds no room is refused at once, so that somebody hears of it.
func budget(f *Facts, now time.Time) (Finding, bool) {
	if !f.Text.Purpose.Traits().Spends || f.Text.Answers || f.Text.StaffText || f.Text.Change || f.confirms() {
		return pass()
	}
	c, yields := &f.Counts, f.Text.Purpose.Yields()
	switch {
	case f.Org.Budget.spent(c.AllDay, c.AllWeek):
		return postponed(f, message.ReasonBudget, yields, now)
	case yields && f.Org.Budget.spent(c.AllDay+c.AheadDay, c.AllWeek+c.AheadWeek):
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
