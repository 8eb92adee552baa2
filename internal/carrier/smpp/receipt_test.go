package smpp

import (
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

func read(t *testing.T, c Config, m pdu.Message) (carrier.Receipt, bool) {
	t.Helper()
	c = c.withDefaults()
	zone, err := time.LoadLocation(c.ReceiptZone)
	if err != nil {
		t.Fatal(err)
	}
	var r carrier.Receipt
	ok := c.readReceipt(&m, zone, &r)
	return r, ok
}

func TestReceiptTextsAsCarriersWriteThem(t *testing.T) {
	t.Parallel()
	utc := func(y, mo, d, h, mi, s int) time.Time { return time.Date(y, time.Month(mo), d, h, mi, s, 0, time.UTC) }
	for name, c := range map[string]struct {
		text string
		want carrier.Receipt
	}{
		"appendix B": {"id:0123456789 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:DELIVRD err:000 text:Dear Ms",
			carrier.Receipt{ProviderID: "0123456789", State: carrier.ReceiptDelivered, ErrCode: "000", SubmittedAt: utc(2026, 1, 2, 15, 4, 0), DoneAt: utc(2026, 1, 2, 15, 5, 0)}},
		"seconds": {"id:7 sub:1 dlvrd:0 submit date:260102150405 done date:260102150506 stat:UNDELIV err:27B text:",
			carrier.Receipt{ProviderID: "7", State: carrier.ReceiptUndelivered, ErrCode: "27B", SubmittedAt: utc(2026, 1, 2, 15, 4, 5), DoneAt: utc(2026, 1, 2, 15, 5, 6)}},
		"four-digit years": {"id:7 submit date:202601021504 done date:20260102150506 stat:EXPIRED",
			carrier.Receipt{ProviderID: "7", State: carrier.ReceiptExpired, SubmittedAt: utc(2026, 1, 2, 15, 4, 0), DoneAt: utc(2026, 1, 2, 15, 5, 6)}},
		"another order, other case":  {"STAT:Delivered Err:0 ID:AbC", carrier.Receipt{ProviderID: "abc", State: carrier.ReceiptDelivered, ErrCode: "0"}},
		"underscores, spaces, equal": {"id = 9 submit_date = 2601021504 donedate:2601021505 stat = REJECTD", carrier.Receipt{ProviderID: "9", State: carrier.ReceiptRejected, SubmittedAt: utc(2026, 1, 2, 15, 4, 0), DoneAt: utc(2026, 1, 2, 15, 5, 0)}},
		"fields missing":             {"id:9 stat:ENROUTE", carrier.Receipt{ProviderID: "9", State: carrier.ReceiptEnroute}},
		"a uuid":                     {"id:018F4E6A-0000-7000-8000-000000000001 stat:DELETED err:", carrier.Receipt{ProviderID: "018f4e6a-0000-7000-8000-000000000001", State: carrier.ReceiptDeleted}},
		"dates that are none":        {"id:9 submit date:0000000000 done date:soon stat:UNKNOWN", carrier.Receipt{ProviderID: "9", State: carrier.ReceiptUnknown}},
		"our own words after text": {"id:9 stat:UNDELIV err:001 text:id:8 stat:DELIVRD err:0",
			carrier.Receipt{ProviderID: "9", State: carrier.ReceiptUndelivered, ErrCode: "001"}},
		"text in the middle":      {"id:9 text:hello stat:ACCEPTD err:5", carrier.Receipt{ProviderID: "9", State: carrier.ReceiptAccepted, ErrCode: "5"}},
		"a number for a state":    {"id:9 stat:2", carrier.Receipt{ProviderID: "9", State: carrier.ReceiptDelivered}},
		"a number for an error":   {"id:9 stat:FAILED err:48600100200", carrier.Receipt{ProviderID: "9", State: carrier.ReceiptUndelivered}},
		"a word for an error":     {"id:9 stat:FAILED err:Zofia!", carrier.Receipt{ProviderID: "9", State: carrier.ReceiptUndelivered}},
		"separated by semicolons": {"id:9;stat:DELIVRD;err:0", carrier.Receipt{ProviderID: "9", State: carrier.ReceiptDelivered, ErrCode: "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := read(t, Config{}, pdu.Message{ESMClass: pdu.ESMReceipt, Short: []byte(c.text)})
			if !ok || got != c.want {
				t.Fatalf("got  %+v (%v)\nwant %+v", got, ok, c.want)
			}
		})
	}
}

func TestReceiptsWithoutAnIDOrAStateAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "hello", "id:9", "stat:DELIVRD", "id: stat:", "id:9 stat:MAYBE", "xid:9 xstat:DELIVRD", ":::", "id:9stat:DELIVRD"} {
		if r, ok := read(t, Config{}, pdu.Message{ESMClass: pdu.ESMReceipt, Short: []byte(text)}); ok {
			t.Errorf("%q became %+v", text, r)
		}
	}
}

func TestParametersWinOverText(t *testing.T) {
	t.Parallel()
	p := pdu.AppendParam(nil, pdu.TagReceiptedMessageID, []byte("B7\x00"))
	p = pdu.AppendParam8(p, pdu.TagMessageState, 5)
	p = pdu.AppendParam(p, pdu.TagNetworkErrorCode, []byte{3, 0x01, 0x0b})
	p = pdu.AppendParam16(p, pdu.TagUserMessageReference, 513)
	got, ok := read(t, Config{}, pdu.Message{ESMClass: pdu.ESMIntermediate, Short: []byte("id:9 stat:DELIVRD err:1"), Params: p})
	want := carrier.Receipt{ProviderID: "b7", State: carrier.ReceiptUndelivered, Intermediate: true, ErrCode: "1", NetworkError: "03010b", UserRef: 513}
	if !ok || got != want {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	only := pdu.AppendParam16(pdu.AppendParam8(nil, pdu.TagMessageState, 2), pdu.TagUserMessageReference, 7)
	if got, ok = read(t, Config{}, pdu.Message{ESMClass: pdu.ESMReceipt, Params: only}); !ok || got.UserRef != 7 || got.State != carrier.ReceiptDelivered {
		t.Fatalf("an echoed reference without an id: %+v %v", got, ok)
	}
}

func TestReceiptIDsMatchTheResponses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form              IDForm
		trim              bool
		response, receipt string
	}{
		"same":                   {IDSame, false, "A1b2", "a1B2"},
		"padded":                 {IDSame, true, "0000012", "12"},
		"hexadecimal response":   {IDDecToHex, false, "7F3", "2035"},
		"decimal response":       {IDHexToDec, false, "2035", "7f3"},
		"padded hexadecimal":     {IDDecToHex, true, "000007f3", "2035"},
		"longer than 64 bits":    {IDDecToHex, false, "ffffffffffffffffff", "4722366482869645213695"},
		"no number, left alone":  {IDHexToDec, false, "xyz-1", "XYZ-1"},
		"all zeros":              {IDSame, true, "0000", "0"},
		"blanks around a number": {IDSame, false, " 12 ", "12"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{ReceiptID: c.form, TrimIDZeros: c.trim}.withDefaults()
			a, b := cfg.canonicalID([]byte(c.response)), cfg.canonicalReceiptID([]byte(c.receipt))
			if a != b {
				t.Fatalf("response %q, receipt %q", a, b)
			}
		})
	}
}

func TestIDsAreTextThatADatabaseKeeps(t *testing.T) {
	t.Parallel()
	for _, form := range []IDForm{IDSame, IDDecToHex, IDHexToDec} {
		cfg := Config{ReceiptID: form}.withDefaults()
		for _, id := range []string{"a\x00b", "\xff\xfe", "caf\xe9", "\x7f1", strings.Repeat("\x80", 200)} {
			a, b := cfg.canonicalID([]byte(id)), cfg.canonicalReceiptID([]byte(id))
			if a != b || len(a) > maxIDLen || strings.ContainsFunc(a, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%s: %q is written %q and %q", form, id, a, b)
			}
		}
	}
	cfg := Config{}.withDefaults()
	if cfg.canonicalID([]byte("\x80")) == cfg.canonicalID([]byte("\x81")) {
		t.Error("two ids became one")
	}
}

func TestReceiptDatesAreInTheCarriersZone(t *testing.T) {
	t.Parallel()
	got, _ := read(t, Config{ReceiptZone: "Europe/Warsaw"}, pdu.Message{Short: []byte("id:1 stat:DELIVRD submit date:2607011200")})
	if want := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC); !got.SubmittedAt.Equal(want) {
		t.Fatalf("got %v, want %v", got.SubmittedAt, want)
	}
}

// FuzzReceiptText: no panic, bounded fields, and whatever is read is read again from its own canonical text.
func FuzzReceiptText(f *testing.F) {
	f.Add("id:0123456789 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:DELIVRD err:000 text:Dear Ms")
	f.Add("STAT = expired;ID=AbC;err:1-A")
	f.Add("text:id:1 stat:DELIVRD")
	f.Add("id:\x00\xff stat:DELIVRD submit  date : 2601021504")
	cfg := Config{}.withDefaults()
	f.Fuzz(func(t *testing.T, text string) {
		var r, again carrier.Receipt
		if !cfg.readReceipt(&pdu.Message{Short: []byte(text)}, time.UTC, &r) {
			return
		}
		if len(r.ProviderID) > maxIDLen || len(r.ErrCode) > 8 {
			t.Fatalf("unbounded fields: %+v", r)
		}
		canon := "id:" + r.ProviderID + " stat:" + strings.ToUpper(string(r.State)) + " err:" + r.ErrCode
		if !cfg.readReceipt(&pdu.Message{Short: []byte(canon)}, time.UTC, &again) || again.State != r.State || again.ErrCode != r.ErrCode {
			t.Fatalf("%q was read as %+v, and again as %+v", text, r, again)
		}
	})
}
