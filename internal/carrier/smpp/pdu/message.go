package pdu

// Bits of esm_class (section 5.2.12).
const (
	ESMReceipt      = 0x04 // message type: delivery receipt
	ESMIntermediate = 0x20 // message type: intermediate delivery notification
	ESMTypeMask     = 0x3c
	ESMUDHI         = 0x40 // the user data begins with a header
)

// MaxShort is the longest short_message (section 5.2.22); longer user data go to message_payload.
const MaxShort = 254

// Addr is an address with its type of number and numbering plan.
type Addr struct {
	TON, NPI uint8
	Addr     []byte
}

// Message is the body of submit_sm, deliver_sm and data_sm (sections 4.4, 4.6, 4.7). A parsed one points into
// the body that it was parsed from. In data_sm only ServiceType, the addresses, ESMClass, RegisteredDelivery,
// DataCoding and Params exist.
type Message struct {
	ServiceType        []byte
	Source, Dest       Addr
	ESMClass           uint8
	ProtocolID         uint8
	Priority           uint8
	ScheduleDelivery   []byte
	Validity           []byte
	RegisteredDelivery uint8
	ReplaceIfPresent   uint8
	DataCoding         uint8
	DefaultMsgID       uint8
	Short              []byte // short_message, at most MaxShort octets
	Params             Params
}

// UserData is the message_payload if there is one, else the short_message.
func (m *Message) UserData() []byte {
	if v, ok := m.Params.Get(TagMessagePayload); ok && len(m.Short) == 0 {
		return v
	}
	return m.Short
}

// AppendMessage appends submit_sm, deliver_sm or data_sm as h.ID says. Addresses must be free of zero octets
// and Short at most MaxShort long.
func AppendMessage(b []byte, h Header, m *Message) []byte {
	start := len(b)
	b = begin(b, h)
	b = appendCstr(b, m.ServiceType)
	b = append(b, m.Source.TON, m.Source.NPI)
	b = appendCstr(b, m.Source.Addr)
	b = append(b, m.Dest.TON, m.Dest.NPI)
	b = appendCstr(b, m.Dest.Addr)
	if h.ID == DataSM {
		b = append(b, m.ESMClass, m.RegisteredDelivery, m.DataCoding)
		return end(append(b, m.Params...), start)
	}
	b = append(b, m.ESMClass, m.ProtocolID, m.Priority)
	b = appendCstr(b, m.ScheduleDelivery)
	b = appendCstr(b, m.Validity)
	b = append(b, m.RegisteredDelivery, m.ReplaceIfPresent, m.DataCoding, m.DefaultMsgID, byte(len(m.Short)))
	b = append(b, m.Short...)
	return end(append(b, m.Params...), start)
}

// ParseMessage reads the body of submit_sm, deliver_sm or data_sm into m, which is overwritten whole.
func ParseMessage(id ID, body []byte, m *Message) error {
	*m = Message{}
	var ok bool
	if m.ServiceType, body, ok = cstr(body); !ok {
		return ErrBody
	}
	if body, ok = parseAddr(body, &m.Source); !ok {
		return ErrBody
	}
	if body, ok = parseAddr(body, &m.Dest); !ok || len(body) < 3 {
		return ErrBody
	}
	if id == DataSM {
		m.ESMClass, m.RegisteredDelivery, m.DataCoding = body[0], body[1], body[2]
		return m.parseParams(body[3:])
	}
	m.ESMClass, m.ProtocolID, m.Priority = body[0], body[1], body[2]
	if m.ScheduleDelivery, body, ok = cstr(body[3:]); !ok {
		return ErrBody
	}
	if m.Validity, body, ok = cstr(body); !ok || len(body) < 5 {
		return ErrBody
	}
	m.RegisteredDelivery, m.ReplaceIfPresent, m.DataCoding, m.DefaultMsgID = body[0], body[1], body[2], body[3]
	n := int(body[4])
	if body = body[5:]; len(body) < n {
		return ErrBody
	}
	m.Short = body[:n]
	return m.parseParams(body[n:])
}

func (m *Message) parseParams(b []byte) (err error) {
	m.Params, err = parseParams(b)
	return err
}

func parseAddr(b []byte, a *Addr) ([]byte, bool) {
	if len(b) < 3 {
		return nil, false
	}
	a.TON, a.NPI = b[0], b[1]
	var ok bool
	a.Addr, b, ok = cstr(b[2:])
	return b, ok
}

// AppendMessageResp appends submit_sm_resp, deliver_sm_resp or data_sm_resp. deliver_sm_resp has an empty id.
func AppendMessageResp(b []byte, h Header, messageID []byte) []byte {
	start := len(b)
	return end(appendCstr(begin(b, h), messageID), start)
}

// ParseMessageResp returns the message_id of a response. Carriers leave the body out of refusals, and some
// forget the terminator: both are taken.
func ParseMessageResp(body []byte) []byte {
	if s, _, ok := cstr(body); ok {
		return s
	}
	return body
}
