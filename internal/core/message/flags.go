package message

// Flags are what a message is besides its purpose: facts about the text itself that the gate asks for again at
// hand-off. They are stored as one number, so a value never changes its meaning.
type Flags uint32

const (
	Invites        Flags = 1 << iota // asks for a reply
	Answers                          // a direct answer to a text of the person
	AutoReply                        // an automatic answer
	ToldChange                       // tells that a visit moved, was cancelled, or that an earlier text became false
	BreaksQuiet                      // cannot wait for the next window
	StaffText                        // written by a person
	NotAfterAnswer                   // nobody who has confirmed gets it
	VisitEnded                       // states a visit that need not be expected any more
	Correction                       // the one text that puts an earlier one right
	SelfTest                         // a test of a route: goes out by it alone, to a phone that counts as a guest
	KeepsRoom                        // a nearer reminder of the same visit follows: this one leaves room for such reminders
	Asks                             // invites the digits of a reply map, which are given when it leaves
	InThread                         // staff's own words within a conversation that goes on
	TellsWayOut                      // says how to get no more texts
	WayOutByCall                     // ... by calling: with TellsWayOut, for a sender that cannot receive
	PlainLetters                     // written in plain letters, as somebody chose, because that costs less
)

// Has reports whether all of want are set.
func (f Flags) Has(want Flags) bool { return f&want == want }
