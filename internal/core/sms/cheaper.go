package sms

// Cheaper is a text in plain letters where the 7-bit alphabet then carries all of it and it takes fewer segments; false
// leaves it as it is. Like Transliterate it is for a person to choose, never a step of sending by itself.
func Cheaper(text, lang string, o Options) (string, bool) {
	m, err := Measure(text, lang, o)
	if err != nil || m.PlainSegments >= m.Segments {
		return text, false
	}
	p := Transliterate(text, lang)
	return p.Text, p.Complete()
}
