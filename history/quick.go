package history

import (
	"encoding/json"
	"time"
)

// quick reads lines in exactly the form that a recorder writes, about ten times faster than
// encoding/json. It rejects all other lines, which are then read the slow way.
type quick struct {
	line    []byte
	at      int
	names   names // types, operations and keys
	details names // codes and messages of errors
	errors  map[Error]*Error
	traffic map[passed]*Traffic // without watch events
	room    []byte              // for values
	under   []Txn               // parts of the transactions being read
}

// names holds one copy of each string, up to a number of strings.
type names map[string]string

// passed is a Traffic without watch events. Most operations of a run have one of a few.
type passed struct{ requests, sent, received int64 }

const (
	mostNames = 4096 // also limits what else is kept once
	roomSize  = 64 << 10
)

func newQuick() *quick {
	return &quick{names: names{}, details: names{}, errors: map[Error]*Error{}, traffic: map[passed]*Traffic{}}
}

// parse returns the event of a line. ok is false if the line must be read the slow way.
func (q *quick) parse(line []byte) (e Event, ok bool) {
	q.line, q.at = line, 0
	var index, at, client int64
	ok = q.skip(`{"index":`) && q.number(&index) &&
		q.skip(`,"time":`) && q.number(&at) &&
		q.skip(`,"process":`) && q.process(&e.Process) &&
		q.skip(`,"client":`) && q.number(&client) &&
		q.skip(`,"type":"`) && q.text((*string)(&e.Type), q.names) &&
		q.skip(`,"f":"`) && q.text(&e.F, q.names) && e.F != "" &&
		(!q.skip(`,"key":"`) || q.text(&e.Key, q.names)) &&
		(!q.skip(`,"value":`) || q.value(&e.Value)) &&
		(!q.skip(`,"error":{"code":"`) || q.failure(&e.Error)) &&
		(!q.skip(`,"session":"0x`) || q.id(&e.Session)) &&
		(!q.skip(`,"zxid":"0x`) || q.id(&e.Zxid)) &&
		(!q.skip(`,"alive":`) || q.number((*int64)(&e.Alive))) &&
		(!q.skip(`,"seen":"0x`) || q.id(&e.Seen)) &&
		(!q.skip(`,"used":[`) || q.uses(&e.Used)) &&
		(!q.skip(`,"intended":`) || q.number((*int64)(&e.Intended))) &&
		(!q.skip(`,"traffic":{`) || q.passed(&e.Traffic)) &&
		q.skip(`}`) && q.at == len(line)
	e.Index, e.Time, e.Client = int(index), time.Duration(at), int(client)
	return e, ok
}

// skip consumes text if it comes next.
func (q *quick) skip(text string) bool {
	rest := q.line[q.at:]
	if len(rest) < len(text) || string(rest[:len(text)]) != text {
		return false
	}
	q.at += len(text)
	return true
}

// number consumes an integer that certainly fits into 64 bits.
func (q *quick) number(n *int64) bool {
	negative := q.skip("-")
	from := q.at
	for ; q.at < len(q.line) && '0' <= q.line[q.at] && q.line[q.at] <= '9'; q.at++ {
		*n = *n*10 + int64(q.line[q.at]-'0')
	}
	digits := q.line[from:q.at]
	if negative {
		*n = -*n
	}
	return len(digits) > 0 && len(digits) <= 18 && (digits[0] != '0' || len(digits) == 1 && !negative)
}

func (q *quick) process(p *Process) bool {
	switch {
	case q.skip(`"nemesis"`):
		*p = Nemesis
	case q.skip(`"session"`):
		*p = SessionProcess
	default:
		var n int64
		if !q.number(&n) || n < 0 {
			return false
		}
		*p = Process(n)
	}
	return true
}

// text consumes the rest of a string that has nothing to unescape.
func (q *quick) text(s *string, of names) bool {
	raw, ok := q.raw()
	if ok {
		*s = of.name(raw)
	}
	return ok
}

// raw returns the next text without copying it. It is valid until the next line.
func (q *quick) raw() (text []byte, ok bool) {
	for i := q.at; i < len(q.line); i++ {
		switch c := q.line[i]; {
		case c == '"':
			text, q.at = q.line[q.at:i], i+1
			return text, true
		case c < ' ' || c >= 0x80 || c == '\\':
			return nil, false
		}
	}
	return nil, false
}

// name returns raw as a string. It allocates each of the first mostNames strings only
// once.
func (n names) name(raw []byte) string {
	if s, ok := n[string(raw)]; ok {
		return s
	}
	return n.same(string(raw))
}

// same returns an equal string: the copy in names, if there is one.
func (n names) same(s string) string {
	if known, ok := n[s]; ok {
		return known
	}
	if len(n) < mostNames {
		n[s] = s
	}
	return s
}

// id consumes the rest of a hexadecimal string.
func (q *quick) id(id *ID) bool {
	from := q.at
	var n uint64
	for ; q.at < len(q.line); q.at++ {
		c := q.line[q.at]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		default:
			*id = ID(n)
			digits := q.at - from
			return 0 < digits && digits <= 16 && q.skip(`"`)
		}
		n = n<<4 | uint64(c)
	}
	return false
}

// failure consumes the rest of an event's error.
func (q *quick) failure(e **Error) bool {
	var of Error
	ok := q.text(&of.Code, q.details) && (!q.skip(`,"message":"`) || q.text(&of.Message, q.details)) && q.skip(`}`)
	if *e = q.errors[of]; *e != nil {
		return ok
	}
	*e = &Error{of.Code, of.Message}
	if ok && len(q.errors) < mostNames {
		q.errors[of] = *e
	}
	return ok
}

// uses consumes the rest of the sessions that were used.
func (q *quick) uses(all *[]Use) bool {
	for ok := true; ok; ok = q.skip(`,`) {
		var u Use
		if !q.skip(`{"session":"0x`) || !q.id(&u.Session) ||
			q.skip(`,"alive":`) && !q.number((*int64)(&u.Alive)) ||
			q.skip(`,"seen":"0x`) && !q.id(&u.Seen) {
			return false
		}
		u.Made = q.skip(`,"made":true`)
		if !q.skip(`}`) {
			return false
		}
		*all = append(*all, u)
	}
	return q.skip(`]`)
}

// passed consumes the rest of an event's traffic.
func (q *quick) passed(t **Traffic) bool {
	var of passed
	var more int64
	ok := q.skip(`"requests":`) && q.number(&of.requests) &&
		q.skip(`,"sent":`) && q.number(&of.sent) &&
		q.skip(`,"received":`) && q.number(&of.received)
	var events []time.Duration
	if ok && q.skip(`,"events":[`) {
		for ok = true; ok && !q.skip(`]`); {
			var at time.Duration
			ok = (len(events) == 0 || q.skip(`,`)) && q.number((*int64)(&at))
			events = append(events, at)
		}
	}
	ok = ok && (!q.skip(`,"more":`) || q.number(&more)) && q.skip(`}`)
	if *t = q.traffic[of]; *t != nil && events == nil && more == 0 {
		return ok
	}
	*t = &Traffic{Requests: int(of.requests), Sent: int(of.sent), Received: int(of.received), Events: events, More: int(more)}
	if ok && events == nil && more == 0 && len(q.traffic) < mostNames {
		q.traffic[of] = *t
	}
	return ok
}

// value consumes any JSON value except null and values with surrounding space.
func (q *quick) value(v *json.RawMessage) bool {
	raw := q.line[q.at : q.at+extent(q.line[q.at:])]
	if len(raw) == 0 || raw[0] <= ' ' || raw[len(raw)-1] <= ' ' || string(raw) == "null" || !json.Valid(raw) {
		return false
	}
	q.at += len(raw)
	*v = q.keep(raw)
	return true
}

// extent returns the length of the JSON value at the beginning of b, if there is one.
func extent(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// keep copies raw.
func (q *quick) keep(raw []byte) []byte {
	room := q.reserve(len(raw))
	copy(room, raw)
	return room
}

// reserve returns n bytes. Values share allocations, so keeping one event of a history keeps them all.
func (q *quick) reserve(n int) []byte {
	if n > roomSize/16 {
		return make([]byte, n)
	}
	if cap(q.room)-len(q.room) < n {
		q.room = make([]byte, 0, roomSize)
	}
	from := len(q.room)
	q.room = q.room[:from+n]
	return q.room[from : from+n : from+n]
}
