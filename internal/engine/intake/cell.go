package intake

import "strings"

// SafeCell makes a text harmless in a spreadsheet: a cell that a program would take for a formula begins with an
// apostrophe (OWASP, CSV injection; full-width forms too).
func SafeCell(s string) string {
	if s != "" && strings.ContainsAny(s[:1], "=+-@\t\r\n") {
		return "'" + s
	}
	for _, p := range []string{"＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, p) {
			return "'" + s
		}
	}
	return s
}
