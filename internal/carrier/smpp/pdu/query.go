package pdu

// Query is the body of query_sm (section 4.8).
type Query struct {
	MessageID []byte
	Source    Addr
}

// AppendQuery appends a query_sm.
func AppendQuery(b []byte, h Header, q *Query) []byte {
	start := len(b)
	b = appendCstr(begin(b, h), q.MessageID)
	b = append(b, q.Source.TON, q.Source.NPI)
	return end(appendCstr(b, q.Source.Addr), start)
}

// ParseQuery reads the body of a query_sm; the result points into it.
func ParseQuery(body []byte) (q Query, err error) {
	var ok bool
	if q.MessageID, body, ok = cstr(body); !ok {
		return Query{}, ErrBody
	}
	if body, ok = parseAddr(body, &q.Source); !ok || len(body) > 0 {
		return Query{}, ErrBody
	}
	return q, nil
}

// QueryResp is the body of query_sm_resp.
type QueryResp struct {
	MessageID []byte
	FinalDate []byte
	State     uint8
	Error     uint8
}

// AppendQueryResp appends a query_sm_resp.
func AppendQueryResp(b []byte, h Header, q *QueryResp) []byte {
	start := len(b)
	b = appendCstr(begin(b, h), q.MessageID)
	b = appendCstr(b, q.FinalDate)
	return end(append(b, q.State, q.Error), start)
}

// ParseQueryResp reads the body of a query_sm_resp; the result points into it.
func ParseQueryResp(body []byte) (q QueryResp, err error) {
	var ok bool
	if q.MessageID, body, ok = cstr(body); !ok {
		return QueryResp{}, ErrBody
	}
	if q.FinalDate, body, ok = cstr(body); !ok || len(body) != 2 {
		return QueryResp{}, ErrBody
	}
	q.State, q.Error = body[0], body[1]
	return q, nil
}
