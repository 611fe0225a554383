package history

import (
	"bytes"
	"encoding/json"
	"time"
)

// quick reads lines in exactly the form that a recorder writes, about ten times faster than
// encoding/json. It rejects all other lines, which are then read the slow way.
type quick struct {
	line  []byte
	at    int
	names map[string]string // interned types, operations and keys
	room  []byte            // for values
}

const (
	mostNames = 4096
	roomSize  = 64 << 10
)

func newQuick() *quick { return &quick{names: map[string]string{}} }

// parse returns the event of a line. ok is false if the line must be read the slow way.
func (q *quick) parse(line []byte) (e Event, ok bool) {
	q.line, q.at = line, 0
	var index, at, client int64
	ok = q.skip(`{"index":`) && q.number(&index) &&
		q.skip(`,"time":`) && q.number(&at) &&
		q.skip(`,"process":`) && q.process(&e.Process) &&
		q.skip(`,"client":`) && q.number(&client) &&
		q.skip(`,"type":"`) && q.text((*string)(&e.Type)) &&
		q.skip(`,"f":"`) && q.text(&e.F) && e.F != "" &&
		(!q.skip(`,"key":"`) || q.text(&e.Key)) &&
		(!q.skip(`,"value":`) || q.value(&e.Value)) &&
		(!q.skip(`,"session":"0x`) || q.id(&e.Session)) &&
		(!q.skip(`,"zxid":"0x`) || q.id(&e.Zxid)) &&
		(!q.skip(`,"alive":`) || q.number((*int64)(&e.Alive))) &&
		(!q.skip(`,"seen":"0x`) || q.id(&e.Seen)) &&
		(!q.skip(`,"intended":`) || q.number((*int64)(&e.Intended))) &&
		(!q.skip(`,"traffic":{`) || q.traffic(&e.Traffic)) &&
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

// number consumes an integer that certainly fits.
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
func (q *quick) text(s *string) bool {
	n := bytes.IndexByte(q.line[q.at:], '"')
	if n < 0 {
		return false
	}
	raw := q.line[q.at : q.at+n]
	for _, c := range raw {
		if c < ' ' || c >= 0x80 || c == '\\' {
			return false
		}
	}
	q.at += n + 1
	*s = q.name(raw)
	return true
}

// name returns the interned string for raw.
func (q *quick) name(raw []byte) string {
	if s, ok := q.names[string(raw)]; ok {
		return s
	}
	s := string(raw)
	if len(q.names) < mostNames {
		q.names[s] = s
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

// traffic consumes the rest of an event's traffic.
func (q *quick) traffic(t **Traffic) bool {
	var requests, sent, received, more int64
	ok := q.skip(`"requests":`) && q.number(&requests) &&
		q.skip(`,"sent":`) && q.number(&sent) &&
		q.skip(`,"received":`) && q.number(&received)
	var events []time.Duration
	if ok && q.skip(`,"events":[`) {
		for ok = true; ok && !q.skip(`]`); {
			var at time.Duration
			ok = (len(events) == 0 || q.skip(`,`)) && q.number((*int64)(&at))
			events = append(events, at)
		}
	}
	ok = ok && (!q.skip(`,"more":`) || q.number(&more)) && q.skip(`}`)
	*t = &Traffic{Requests: int(requests), Sent: int(sent), Received: int(received), Events: events, More: int(more)}
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

// keep copies raw. Values share allocations, so keeping one event of a history keeps them all.
func (q *quick) keep(raw []byte) []byte {
	if len(raw) > roomSize/16 {
		return bytes.Clone(raw)
	}
	if cap(q.room)-len(q.room) < len(raw) {
		q.room = make([]byte, 0, roomSize)
	}
	from := len(q.room)
	q.room = append(q.room, raw...)
	return q.room[from:len(q.room):len(q.room)]
}
