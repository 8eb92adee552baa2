// Package pdu is the codec of SMPP 3.4 for the commands that Carillon and its simulator speak: bind, submit_sm,
// deliver_sm, data_sm, query_sm, enquire_link, unbind, generic_nack and their responses, with optional
// parameters. It appends to and reads from byte slices without allocating, and refuses to hold state: sequence
// numbers, windows and timers are the session's. Section numbers in comments are those of SMPP 3.4 issue 1.2.
package pdu

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// ID is a command_id (section 5.1.2.1).
type ID uint32

// Commands. A response is its request with the top bit set.
const (
	GenericNack     ID = 0x80000000
	BindReceiver    ID = 0x00000001
	BindTransmitter ID = 0x00000002
	QuerySM         ID = 0x00000003
	SubmitSM        ID = 0x00000004
	DeliverSM       ID = 0x00000005
	Unbind          ID = 0x00000006
	BindTransceiver ID = 0x00000009
	EnquireLink     ID = 0x00000015
	// AlertNotification tells that a phone can be reached again; it has no response.
	AlertNotification ID = 0x00000102
	DataSM            ID = 0x00000103

	response ID = 0x80000000
)

// Resp is the response's id of a request.
func (i ID) Resp() ID { return i | response }

// IsResp reports whether i is a response.
func (i ID) IsResp() bool { return i&response != 0 }

// Version is the interface_version of SMPP 3.4.
const Version = 0x34

const (
	// HeaderLen is the length of the header in octets.
	HeaderLen = 16
	// MaxLen is the longest PDU that a Reader takes. The longest useful one is a deliver_sm whose
	// message_payload holds 64 KiB.
	MaxLen = 68 << 10
	// MaxSeq is the highest sequence_number (section 5.1.4).
	MaxSeq = 0x7fffffff
)

// Header is the header without command_length.
type Header struct {
	ID     ID
	Status uint32
	Seq    uint32
}

// ErrLength is a command_length that no PDU can have; the stream cannot be followed any further.
var ErrLength = errors.New("pdu: command_length out of range")

// ErrBody is a body that does not parse as its command's.
var ErrBody = errors.New("pdu: malformed body")

// Reader cuts a stream into PDUs. It reads ahead into one fixed buffer and never allocates for a PDU.
type Reader struct {
	br   *bufio.Reader
	used int
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader { return &Reader{br: bufio.NewReaderSize(r, MaxLen)} }

// Next returns the next PDU. The body is valid until the next call. ErrLength and errors of the underlying
// reader are final; io.EOF comes only between PDUs.
func (r *Reader) Next() (Header, []byte, error) {
	_, _ = r.br.Discard(r.used)
	r.used = 0
	head, err := r.br.Peek(HeaderLen)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return Header{}, nil, err
	}
	n := binary.BigEndian.Uint32(head)
	if n < HeaderLen || n > MaxLen {
		return Header{}, nil, ErrLength
	}
	all, err := r.br.Peek(int(n))
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Header{}, nil, err
	}
	r.used = int(n)
	h := Header{
		ID:     ID(binary.BigEndian.Uint32(all[4:])),
		Status: binary.BigEndian.Uint32(all[8:]),
		Seq:    binary.BigEndian.Uint32(all[12:]),
	}
	return h, all[HeaderLen:], nil
}

// Ready reports whether Next returns without reading from the underlying reader: whoever gathers batches goes
// on while it is true.
func (r *Reader) Ready() bool {
	rest := r.br.Buffered() - r.used
	if rest < HeaderLen {
		return false
	}
	all, _ := r.br.Peek(r.used + 4)
	n := binary.BigEndian.Uint32(all[r.used:])
	return n < HeaderLen || n > MaxLen || rest >= int(n)
}

// begin appends a header whose length is put right by end.
func begin(b []byte, h Header) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(h.ID))
	b = binary.BigEndian.AppendUint32(b, h.Status)
	return binary.BigEndian.AppendUint32(b, h.Seq)
}

func end(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// AppendEmpty appends a PDU without a body: enquire_link, unbind, their responses, generic_nack, and any
// response to a request that failed.
func AppendEmpty(b []byte, h Header) []byte { return end(begin(b, h), len(b)) }

// cstr reads a C-Octet String; false when the terminator is missing.
func cstr(b []byte) (s, rest []byte, ok bool) {
	for i, c := range b {
		if c == 0 {
			return b[:i], b[i+1:], true
		}
	}
	return nil, nil, false
}

func appendCstr(b, s []byte) []byte { return append(append(b, s...), 0) }
