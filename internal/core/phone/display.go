package phone

import "github.com/nyaruka/phonenumbers"

// Display is the number in groups, as people read it out: "+48 601 234 567". Show it to staff only.
func (n Number) Display() string {
	if n.e164 == "" {
		return ""
	}
	return phonenumbers.Format(n.parsed(), phonenumbers.INTERNATIONAL)
}
