package smpp

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strings"
	"time"

	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// messageStates are the values of message_state (section 5.2.28).
var messageStates = [...]carrier.ReceiptState{
	0: "", 1: carrier.ReceiptEnroute, 2: carrier.ReceiptDelivered, 3: carrier.ReceiptExpired, 4: carrier.ReceiptDeleted,
	5: carrier.ReceiptUndelivered, 6: carrier.ReceiptAccepted, 7: carrier.ReceiptUnknown, 8: carrier.ReceiptRejected,
}

func messageState(n uint8) carrier.ReceiptState {
	if int(n) < len(messageStates) {
		return messageStates[n]
	}
	return ""
}

// statWords are the beginnings, in lower case, of what carriers write after "stat:" (appendix B and the field).
var statWords = []struct {
	prefix string
	state  carrier.ReceiptState
}{
	{"deliv", carrier.ReceiptDelivered},
	{"undel", carrier.ReceiptUndelivered},
	{"expir", carrier.ReceiptExpired},
	{"delet", carrier.ReceiptDeleted},
	{"accep", carrier.ReceiptAccepted},
	{"reject", carrier.ReceiptRejected},
	{"enroute", carrier.ReceiptEnroute},
	{"buffer", carrier.ReceiptEnroute},
	{"sched", carrier.ReceiptEnroute},
	{"skip", carrier.ReceiptRejected},
	{"fail", carrier.ReceiptUndelivered},
	{"unkn", carrier.ReceiptUnknown},
}

func statWord(v []byte) carrier.ReceiptState {
	if len(v) == 1 && v[0] >= '1' && v[0] <= '8' {
		return messageState(v[0] - '0')
	}
	for _, w := range statWords {
		if len(v) >= len(w.prefix) && strings.EqualFold(string(v[:len(w.prefix)]), w.prefix) {
			return w.state
		}
	}
	return ""
}

// receiptText is a receipt's text cut into its fields; each points into the text.
type receiptText struct {
	id, stat, err, submit, done []byte
}

// receiptKeys are the fields of appendix B. "text" ends the reading of trusted fields.
var receiptKeys = []string{"id", "stat", "err", "submit date", "done date", "sub", "dlvrd", "text"}

// parseReceiptText reads the form of appendix B as carriers really write it: any order and case, "submit date"
// with a space, an underscore or nothing between, ":" or "=" with or without spaces, fields missing. What
// follows "text:" is the beginning of our own message and is looked at only for a field that did not come
// before it.
func parseReceiptText(b []byte) receiptText {
	var r receiptText
	for len(b) > 0 {
		key, value, rest := nextField(b)
		if key == "" {
			break
		}
		b = rest
		for _, f := range []struct {
			key string
			to  *[]byte
		}{{"id", &r.id}, {"stat", &r.stat}, {"err", &r.err}, {"submit date", &r.submit}, {"done date", &r.done}} {
			if key == f.key && len(*f.to) == 0 {
				*f.to = value
			}
		}
	}
	return r
}

// nextField finds the next "key:value" in b. For "text" the value is empty and reading goes on behind the colon.
func nextField(b []byte) (key string, value, rest []byte) {
	for i := 0; i < len(b); i++ {
		if i > 0 && b[i-1] != ' ' && b[i-1] != ';' && b[i-1] != ',' && b[i-1] != '\n' {
			continue
		}
		for _, k := range receiptKeys {
			n := matchKey(b[i:], k)
			if n == 0 {
				continue
			}
			after := b[i+n:]
			if k == "text" {
				return k, nil, after
			}
			after = bytes.TrimLeft(after, " ")
			end := bytes.IndexAny(after, " ;,\r\n\x00")
			if end < 0 {
				end = len(after)
			}
			return k, after[:end], after[end:]
		}
	}
	return "", nil, nil
}

// matchKey returns how many octets of b the key and its colon take, 0 for none.
func matchKey(b []byte, key string) int {
	n := 0
	for i := range len(key) {
		if key[i] == ' ' {
			for n < len(b) && (b[n] == ' ' || b[n] == '_' || b[n] == '-') {
				n++
			}
			continue
		}
		if n >= len(b) || b[n]|0x20 != key[i] {
			return 0
		}
		n++
	}
	for n < len(b) && b[n] == ' ' {
		n++
	}
	if n < len(b) && (b[n] == ':' || b[n] == '=') {
		return n + 1
	}
	return 0
}

// parseReceiptDate reads YYMMDDhhmm[ss] and YYYYMMDDhhmm[ss]; anything else is the zero time.
func parseReceiptDate(v []byte, zone *time.Location) time.Time {
	var layouts []string
	switch len(v) {
	case 10:
		layouts = []string{"0601021504"}
	case 12:
		layouts = []string{"060102150405", "200601021504"}
	case 14:
		layouts = []string{"20060102150405"}
	}
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, string(v), zone); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// readReceipt fills r from a deliver_sm or data_sm, optional parameters before text. It reports whether an id
// (or an echoed reference) and a state were found.
func (c *Config) readReceipt(m *pdu.Message, zone *time.Location, r *carrier.Receipt) bool {
	t := parseReceiptText(m.UserData())
	id := t.id
	if v, ok := m.Params.Get(pdu.TagReceiptedMessageID); ok {
		if v = bytes.TrimRight(v, "\x00"); len(v) > 0 {
			id = v
		}
	}
	r.ProviderID = c.canonicalReceiptID(id)
	r.State = statWord(t.stat)
	if n, ok := m.Params.Uint8(pdu.TagMessageState); ok {
		if s := messageState(n); s != "" {
			r.State = s
		}
	}
	r.Intermediate = m.ESMClass&pdu.ESMTypeMask == pdu.ESMIntermediate
	r.ErrCode = errCode(t.err)
	if v, ok := m.Params.Get(pdu.TagNetworkErrorCode); ok && len(v) == 3 {
		r.NetworkError = hex.EncodeToString(v)
	}
	r.UserRef, _ = m.Params.Uint16(pdu.TagUserMessageReference)
	r.SubmittedAt = parseReceiptDate(t.submit, zone)
	r.DoneAt = parseReceiptDate(t.done, zone)
	return r.State != "" && (r.ProviderID != "" || r.UserRef != 0)
}

// errCode takes what may be an error code: up to 8 letters, digits and dashes. The field comes from outside and
// goes to rows, metrics and pages; anything else in it could be a number or a word of a patient's.
func errCode(v []byte) string {
	if string(v) == "000" { // by far the commonest: no allocation
		return "000"
	}
	if len(v) > 8 {
		return ""
	}
	for _, c := range v {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' {
			return ""
		}
	}
	return string(v)
}

const maxIDLen = 64 // message_id is at most 65 octets with its terminator

// canonicalID is the form in which ids are compared: the one of submit_sm_resp, in lower case, without the
// padding if the route says that there is one.
func (c *Config) canonicalID(id []byte) string {
	id = bytes.TrimSpace(id)
	if len(id) > maxIDLen {
		id = id[:maxIDLen]
	}
	if c.TrimIDZeros {
		for len(id) > 1 && id[0] == '0' {
			id = id[1:]
		}
	}
	for _, ch := range id {
		if ch < ' ' || ch > '~' {
			return octetID(id)
		}
	}
	for _, ch := range id {
		if ch >= 'A' && ch <= 'Z' {
			return string(bytes.ToLower(id))
		}
	}
	return string(id)
}

// octetID writes an id with octets that are no ASCII text: a database that keeps text refuses them, and would refuse
// everything that is written together with them. No number begins with the mark.
func octetID(id []byte) string { return "x" + hex.EncodeToString(id[:min(len(id), (maxIDLen-1)/2)]) }

// canonicalReceiptID turns a receipt's id into the form of submit_sm_resp. An id that is no number of the
// configured base is left as it is: it will match nothing and be shown.
func (c *Config) canonicalReceiptID(id []byte) string {
	s := c.canonicalID(id)
	from, to := 10, 10
	switch c.ReceiptID {
	case IDHexToDec:
		from = 16
	case IDDecToHex:
		to = 16
	default:
		return s
	}
	n, ok := new(big.Int).SetString(s, from)
	if !ok || n.Sign() < 0 {
		return s
	}
	return n.Text(to)
}
