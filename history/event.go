package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Version is the version of the file format that this package writes.
const Version = 1

// MaxTime is the latest possible time of an event, about 146 years. Later times stand for "never"
// in other tools, and sums with them would overflow.
const MaxTime = time.Duration(1<<62 - 1)

// Type is the type of an event.
type Type string

// The types of events, as in Jepsen.
const (
	Invoke Type = "invoke" // an operation begins
	OK     Type = "ok"     // it took effect
	Fail   Type = "fail"   // it certainly had no effect
	Info   Type = "info"   // its outcome is unknown; for Nemesis and SessionProcess: a fact
)

// Process identifies the process of an event: a number for operations of a client, or one of the
// named processes.
type Process int

// The named processes. They are written as "nemesis" and "session".
const (
	Nemesis        Process = -1 // phases of the run, faults, health
	SessionProcess Process = -2 // connections and sessions, as the links saw them
)

// ID is a 64-bit number (a session, a zxid, a token) written as a hexadecimal
// string, because JSON readers keep only 53 bits of a number. Zero means absent.
type ID int64

// Event is one line of a history.
type Event struct {
	// Index is the position in the history, from 0. Time is the time since the run began, on a
	// monotonic clock. Both are taken together, so their orders agree.
	Index int           `json:"index"`
	Time  time.Duration `json:"time"`

	Process Process `json:"process"`
	// Client is the number of the client, from 0; -1 for none. A process that gets an info ends,
	// and its client continues as process + number of clients, on the same connection and subject.
	Client int    `json:"client"`
	Type   Type   `json:"type"`
	F      string `json:"f"`
	Key    string `json:"key,omitempty"`
	// Value is the argument of an invoke, the result of an ok, or the details of a fact; values.go
	// defines the types.
	Value json.RawMessage `json:"value,omitempty"`
	Error *Error          `json:"error,omitempty"`

	// Session is the session of the event: for an operation, the session that its client had at
	// that moment; for an acquire's ok, the owner of the client's znode if the subject reports it.
	// Zxid comes from the reply, if it is known.
	Session ID `json:"session,omitempty"`
	Zxid    ID `json:"zxid,omitempty"`

	// Alive is the send time of the latest request of Session that a quorum answered: a write that
	// was committed, or rejected because of the tree. The session was certainly alive then. The
	// link determines it; 0 if there is none.
	Alive time.Duration `json:"alive,omitempty"`
	// Seen is the highest zxid in a reply to Session up to this event, so everything up to Seen was
	// committed. If Alive is not 0, Seen is at least the zxid of that request. The link determines
	// Seen, also from replies that a fault then kept from the client; 0 if there is none.
	Seen ID `json:"seen,omitempty"`

	// Used lists the sessions on which, as the client's link saw, the client had sent requests about
	// the znodes of Key when an operation completed. A client that has had only one session so far
	// needs no such list. A session is listed once for each key, and again when there is more to report
	// about it.
	Used []Use `json:"used,omitempty"`

	// Intended is when an open-loop client wanted to invoke the operation. Latencies count from
	// then. 0 means the time of the invocation.
	Intended time.Duration `json:"intended,omitempty"`

	// Traffic counts what passed through the client's link: in a completion since the invocation, in an
	// invoke since the completion before it. It is nil if it is unknown, and in an invoke also if
	// nothing passed. The link determines it.
	Traffic *Traffic `json:"traffic,omitempty"`
}

// Traffic counts what passed through the link of a client. Pings and the handshakes of connections
// do not count, because their number depends on time and faults.
type Traffic struct {
	Requests int `json:"requests"` // requests that the client sent
	// Sent and Received are the bytes of these requests, and of the replies and watch events that
	// came, with the four bytes of length before each message.
	Sent     int `json:"sent"`
	Received int `json:"received"`
	// Events are the times at which watch events were delivered to the client, at most MostEvents.
	// More counts those after them.
	Events []time.Duration `json:"events,omitempty"`
	More   int             `json:"more,omitempty"`
}

// MostEvents is the number of watch events whose times a Traffic has, so that the event fits into a
// line.
const MostEvents = 10_000

// AddEvent notes that a watch event was delivered.
func (t *Traffic) AddEvent(at time.Duration) {
	if len(t.Events) == MostEvents {
		t.More++
		return
	}
	t.Events = append(t.Events, at)
}

// WatchEvents returns the number of watch events.
func (t *Traffic) WatchEvents() int { return len(t.Events) + t.More }

// Any reports whether anything passed.
func (t *Traffic) Any() bool { return t.Requests > 0 || t.Received > 0 }

// Use is a session that a client used, with its Alive and its Seen as in [Event]. Made means that,
// during the operation, the client sent a request in this session to create an ephemeral znode, and
// that no server refused it.
type Use struct {
	Session ID            `json:"session"`
	Alive   time.Duration `json:"alive,omitempty"`
	Seen    ID            `json:"seen,omitempty"`
	Made    bool          `json:"made,omitempty"`
}

// Error says why an operation did not succeed.
type Error struct {
	Code    string `json:"code"` // short and stable: "connection-loss", "timeout", "cancelled", "session-expired", …
	Message string `json:"message,omitempty"`
}

// MarshalJSON writes a number, "nemesis" or "session".
func (p Process) MarshalJSON() ([]byte, error) {
	switch p {
	case Nemesis:
		return []byte(`"nemesis"`), nil
	case SessionProcess:
		return []byte(`"session"`), nil
	}
	return strconv.AppendInt(nil, int64(p), 10), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Process) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"nemesis"`:
		*p = Nemesis
		return nil
	case `"session"`:
		*p = SessionProcess
		return nil
	}
	n, err := strconv.Atoi(string(b))
	if err != nil || n < 0 {
		return fmt.Errorf(`process is %s, not a number, "nemesis" or "session"`, b)
	}
	*p = Process(n)
	return nil
}

// String returns the hexadecimal form, such as 0x1a4.
func (id ID) String() string { return "0x" + strconv.FormatUint(uint64(id), 16) }

// Compare compares two IDs as unsigned 64-bit numbers.
func (id ID) Compare(other ID) int { return cmp.Compare(uint64(id), uint64(other)) }

// MarshalJSON writes the hexadecimal form as a string.
func (id ID) MarshalJSON() ([]byte, error) { return []byte(`"` + id.String() + `"`), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (id *ID) UnmarshalJSON(b []byte) error {
	s, err := strconv.Unquote(string(b))
	if err != nil || len(s) < 3 || s[:2] != "0x" {
		return fmt.Errorf("%s is not a hexadecimal string like \"0x1a4\"", b)
	}
	n, err := strconv.ParseUint(s[2:], 16, 64)
	if err != nil {
		return fmt.Errorf("%s is not a hexadecimal string like \"0x1a4\"", b)
	}
	*id = ID(n)
	return nil
}

// Decode reads the event's value into v. An absent value leaves v as it is.
func (e *Event) Decode(v any) error {
	if len(e.Value) == 0 {
		return nil
	}
	if err := unmarshal(e.Value, v); err != nil {
		return fmt.Errorf("event %d: value of %s: %w", e.Index, e.F, err)
	}
	return nil
}

// Value encodes v as an event's value. It returns nil for nil. It panics if v cannot be encoded,
// which is a mistake in the program rather than in its input.
func Value(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("history: value %T: %v", v, err))
	}
	return b
}
