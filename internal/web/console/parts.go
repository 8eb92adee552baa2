package console

import "strings"

// tone is how a chip feels: always together with an icon and a word, never by colour alone.
type tone string

const (
	toneGood  tone = "good"
	toneWait  tone = "wait"
	toneBad   tone = "bad"
	toneInfo  tone = "info"
	toneQuiet tone = "quiet"
)

// chip is a short status.
type chip struct {
	Tone tone
	Icon string
	Text string
}

// menuItem is one line of the navigation.
type menuItem struct {
	Key, Path, Icon string
	Count           int
}

func (p *Page) menu() []menuItem {
	return []menuItem{
		{"today", "/", "calendar-event", 0},
		{"inbox", "/inbox", "inbox", p.Waiting.Inbox},
		{"messages", "/messages", "message-2", 0},
		{"due", "/due", "hourglass", p.Waiting.Held},
		{"patients", "/patients", "users", 0},
		{"audiences", "/audiences", "filter", 0},
		{"calls", "/calls", "phone-call", p.Waiting.Calls},
		{"imports", "/imports", "upload", 0},
		{"texts", "/texts", "file-text", 0},
		{"journeys", "/journeys", "route", 0},
		{"carriers", "/carriers", "antenna", 0},
		{"settings", "/settings", "settings", 0},
	}
}

// live names the changes that make a part of a page read itself again.
func liveTrigger(topics ...string) string {
	parts := make([]string, 0, len(topics)+1)
	for _, t := range append(topics, "all") {
		parts = append(parts, "live:"+t+" from:body throttle:600ms")
	}
	return strings.Join(parts, ", ")
}

// initials are one or two letters for a round mark beside a name.
func initials(name string) string {
	out := ""
	for _, word := range strings.Fields(name) {
		out += string([]rune(word)[0])
		if len([]rune(out)) == 2 {
			break
		}
	}
	return strings.ToUpper(out)
}

func kindOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// themes are the choices of the theme menu.
var themes = []struct{ Name, Icon string }{
	{"auto", "sun-moon"}, {"light", "sun"}, {"dark", "moon"},
}

// shownTheme is the theme before the script has asked the system.
func shownTheme(chosen string) string {
	if chosen == "dark" {
		return "dark"
	}
	return "light"
}

// yes is a truth for an ARIA attribute.
func yes(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
