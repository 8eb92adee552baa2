package table

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"carillon.dev/carillon/internal/base/errs"
)

// Guess is what the first bytes prove about a file.
type Guess struct {
	// Encoding is proven by a byte-order mark or by being valid UTF-8 with letters beyond ASCII; plain ASCII is
	// UTF-8 too. Empty: a person must choose.
	Encoding string
	Marked   bool // by a byte-order mark
	Plain    bool // no letter beyond ASCII so far: any encoding but UTF-16 could follow
	// Choices are encodings that could be meant, with the same lines read in each, for a person to compare.
	Choices []Choice
}

// Choice is one way to read the file.
type Choice struct {
	Encoding string
	Sample   []string // the first lines that hold letters beyond ASCII; patient data, for the uploader's eyes
}

const utf8Name = "utf-8"

// Settle is the encoding that a file with such a beginning is read in: what its mark says, else what a person chose,
// else what its letters prove, else what earlier files had if that can read the letters. Empty: a person must choose.
// chosen may be empty; usual says that it comes from earlier files. fixed is false while later letters may still show
// that it was wrong.
func (g Guess) Settle(chosen string, usual bool) (name string, fixed bool) {
	switch {
	case g.Marked:
		return g.Encoding, true
	case chosen != "" && !usual:
		return chosen, true
	case g.Plain && chosen != "" && !strings.HasPrefix(chosen, "utf-16"):
		return chosen, false
	case g.Encoding != "":
		return g.Encoding, false
	}
	enc, err := encodingOf(chosen)
	for _, c := range g.Choices {
		if fits, _ := encodingOf(c.Encoding); err == nil && fits == enc {
			return c.Encoding, true
		}
	}
	return "", false
}

// named lists what --encoding takes, the usual names first.
var named = []struct {
	names []string
	enc   encoding.Encoding
}{
	{[]string{"utf-8", "utf8"}, unicode.UTF8BOM},
	{[]string{"windows-1252", "cp1252", "latin1", "iso-8859-1"}, charmap.Windows1252},
	{[]string{"windows-1250", "cp1250"}, charmap.Windows1250},
	{[]string{"iso-8859-2", "latin2"}, charmap.ISO8859_2},
	{[]string{"gb18030", "gbk", "gb2312"}, simplifiedchinese.GB18030},
	{[]string{"big5"}, traditionalchinese.Big5},
	{[]string{"windows-1251", "cp1251"}, charmap.Windows1251},
	{[]string{"windows-1253", "cp1253"}, charmap.Windows1253},
	{[]string{"windows-1254", "cp1254"}, charmap.Windows1254},
	{[]string{"windows-1256", "cp1256"}, charmap.Windows1256},
	{[]string{"windows-1257", "cp1257"}, charmap.Windows1257},
	{[]string{"iso-8859-15", "latin9"}, charmap.ISO8859_15},
	{[]string{"cp852", "ibm852"}, charmap.CodePage852},
	{[]string{"shift_jis", "sjis"}, japanese.ShiftJIS},
	{[]string{"euc-kr", "cp949"}, korean.EUCKR},
	{[]string{"utf-16", "utf-16le"}, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
	{[]string{"utf-16be"}, unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
}

// Encodings lists the names that --encoding takes, one for each encoding.
func Encodings() []string {
	out := make([]string, len(named))
	for i, n := range named {
		out[i] = n.names[0]
	}
	return out
}

func encodingOf(name string) (encoding.Encoding, error) {
	want := strings.ToLower(strings.TrimSpace(name))
	for _, n := range named {
		if slices.Contains(n.names, want) {
			return n.enc, nil
		}
	}
	return nil, errs.Newf(errs.Invalid, "this encoding is not known; choose one of %s", strings.Join(Encodings(), ", ")).At("--encoding")
}

// Sniff says what the first bytes prove. Nothing is inferred from letter frequencies: on the short files of
// practices detectors are often wrong, and a wrong letter in a name is a wrong name.
func Sniff(head []byte) Guess {
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return Guess{Encoding: utf8Name, Marked: true}
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return Guess{Encoding: "utf-16le", Marked: true}
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return Guess{Encoding: "utf-16be", Marked: true}
	case validUTF8(head):
		return Guess{Encoding: utf8Name, Plain: !bytes.ContainsFunc(head, beyondASCII)}
	}
	return Guess{Choices: choices(head)}
}

func beyondASCII(r rune) bool { return r >= utf8.RuneSelf }

// validUTF8 allows the last character to be cut by the end of the sample.
func validUTF8(head []byte) bool {
	for range utf8.UTFMax {
		if utf8.Valid(head) {
			return true
		}
		if len(head) == 0 || head[len(head)-1] < utf8.RuneSelf {
			return false
		}
		head = head[:len(head)-1]
	}
	return utf8.Valid(head)
}

// telling is how much of a file Preview looks through for lines that tell encodings apart.
const telling = 64 << 20

// Preview reads a file whose encoding is not proven until it has met the lines that tell encodings apart, and shows
// them in each encoding that could be meant. A file of plain letters has no choices.
func Preview(r io.Reader) []Choice {
	lines := bufio.NewReader(io.LimitReader(r, telling))
	var found [][]byte
	for len(found) < 4 {
		l, err := lines.ReadBytes('\n')
		if bytes.ContainsFunc(l, beyondASCII) {
			found = append(found, bytes.TrimRight(l, "\r\n"))
		}
		if err != nil {
			break
		}
	}
	if len(found) == 0 || utf8.Valid(bytes.Join(found, nil)) {
		return nil
	}
	return readings(found)
}

// choices reads the lines that tell encodings apart in each encoding that can read them without a hole.
func choices(head []byte) []Choice {
	return readings(tellingLines(head, 4))
}

func readings(lines [][]byte) []Choice {
	var out []Choice
	for _, n := range named[1:] {
		if strings.HasPrefix(n.names[0], "utf-16") {
			continue
		}
		if sample, ok := readAll(lines, n.enc); ok {
			out = append(out, Choice{Encoding: n.names[0], Sample: sample})
		}
	}
	return out
}

func readAll(lines [][]byte, enc encoding.Encoding) ([]string, bool) {
	var out []string
	for _, l := range lines {
		text, err := enc.NewDecoder().Bytes(l)
		if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return nil, false
		}
		if bytes.ContainsFunc(text, func(r rune) bool { return r >= 0x80 && r < 0xA0 }) {
			return nil, false // a control character where a letter should be
		}
		out = append(out, string(text))
	}
	return out, true
}

func tellingLines(head []byte, most int) [][]byte {
	var out [][]byte
	lines := bytes.Split(head, []byte{'\n'})
	if len(lines) > 1 {
		lines = lines[:len(lines)-1] // the last may be cut in the middle of a character
	}
	for _, l := range lines {
		if bytes.ContainsFunc(l, beyondASCII) {
			out = append(out, bytes.TrimRight(l, "\r"))
		}
		if len(out) == most {
			break
		}
	}
	return out
}
