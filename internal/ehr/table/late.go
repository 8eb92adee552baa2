package table

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// late passes plain letters on and decides at the first one beyond ASCII: what is UTF-8 from there on is read so, all
// else in the encoding that earlier files had. If the first letters were UTF-8 by chance, later ones are not, and the
// file is asked about.
type late struct {
	usual, universal transform.Transformer
	decided, utf8    bool
}

func newLate(usual transform.Transformer) *late {
	return &late{usual: usual, universal: unicode.UTF8.NewDecoder()}
}

// telltale is how many bytes are looked at, from the first letter beyond ASCII on.
const telltale = 256

// Transform reads plain letters, then the rest in the encoding that the first letter beyond them shows.
func (l *late) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	if !l.decided {
		n := 0
		for n < len(src) && src[n] < utf8.RuneSelf {
			n++
		}
		if n > len(dst) {
			return copy(dst, src), len(dst), transform.ErrShortDst
		}
		copy(dst, src[:n])
		rest := src[n:]
		switch {
		case len(rest) == 0:
			return n, n, nil
		case len(rest) < telltale && !atEOF:
			return n, n, transform.ErrShortSrc
		}
		l.decided, l.utf8 = true, validUTF8(rest[:min(len(rest), telltale)])
		nDst, nSrc, err = l.rest(dst[n:], rest, atEOF)
		return n + nDst, n + nSrc, err
	}
	return l.rest(dst, src, atEOF)
}

func (l *late) rest(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	if l.utf8 {
		return l.universal.Transform(dst, src, atEOF)
	}
	return l.usual.Transform(dst, src, atEOF)
}

// Reset forgets what was decided.
func (l *late) Reset() {
	l.decided, l.utf8 = false, false
	l.usual.Reset()
	l.universal.Reset()
}
