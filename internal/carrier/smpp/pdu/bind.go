package pdu

// Bind is the body of bind_transmitter, bind_receiver and bind_transceiver (section 4.1).
type Bind struct {
	SystemID     string
	Password     string
	SystemType   string
	Version      uint8
	AddrTON      uint8
	AddrNPI      uint8
	AddressRange string
}

// AppendBind appends a bind request.
func AppendBind(b []byte, h Header, m *Bind) []byte {
	start := len(b)
	b = begin(b, h)
	b = append(append(b, m.SystemID...), 0)
	b = append(append(b, m.Password...), 0)
	b = append(append(b, m.SystemType...), 0)
	b = append(b, m.Version, m.AddrTON, m.AddrNPI)
	b = append(append(b, m.AddressRange...), 0)
	return end(b, start)
}

// ParseBind reads the body of a bind request.
func ParseBind(body []byte) (Bind, error) {
	var m Bind
	for _, f := range []*string{&m.SystemID, &m.Password, &m.SystemType} {
		s, rest, ok := cstr(body)
		if !ok {
			return Bind{}, ErrBody
		}
		*f, body = string(s), rest
	}
	if len(body) < 3 {
		return Bind{}, ErrBody
	}
	m.Version, m.AddrTON, m.AddrNPI = body[0], body[1], body[2]
	s, rest, ok := cstr(body[3:])
	if !ok || len(rest) > 0 {
		return Bind{}, ErrBody
	}
	m.AddressRange = string(s)
	return m, nil
}

// AppendBindResp appends a bind response; version 0 leaves sc_interface_version out.
func AppendBindResp(b []byte, h Header, systemID string, version uint8) []byte {
	start := len(b)
	b = begin(b, h)
	b = append(append(b, systemID...), 0)
	if version != 0 {
		b = AppendParam(b, TagSCInterfaceVersion, []byte{version})
	}
	return end(b, start)
}
