package foreign

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/history"
)

// Event is one event of a client: an invocation or a completion. It belongs to the caller, but
// events share strings and collections.
type Event struct {
	// Line is the line on which the event begins, from 1.
	Line int
	// Shared means that the previous event begins on the same line.
	Shared bool
	// Index is the event's position in the file, from 0. It counts all events, not only those of
	// clients.
	Index   int
	Process int64
	Type    history.Type
	F       string // in lower case; may be empty for an info
	Key     Value  // Nil if the format or the event has none
	Value   Value
	// Explained means that an error follows the value on the line, in a text format.
	Explained bool
	// Final means that the file marks the event as a final one, after which nothing changes:
	// Maelstrom's :final? true.
	Final bool
	// Record means that the event is the beginning or the end of an operation that is one record of
	// the file. Both have the line and the index of the record.
	Record bool
	// Bare means that nothing in the event is its value, not even nil.
	Bare bool
	// Answer means that the value of a completion is what the operation answered. Otherwise it may also repeat what the
	// operation was called with.
	Answer bool
	// Absent means that a completion with ok says that the key was not there: that answers a read with nil, and any
	// other operation had no effect.
	Absent bool
	// Unread is the name of a field that may hold the value if the event has none; "" if there is no such field.
	Unread string
	// Time is in nanoseconds from any origin, from -history.MaxTime to history.MaxTime; [NoTime] if the file does not say.
	Time int64
}

// Kind is the kind of a [Value].
type Kind uint8

// The kinds of values. Numbers that are not 64-bit integers are Words: integers with all
// their digits, other numbers as they were written.
const (
	Nil  Kind = iota
	Int       // Value.Int
	Bool      // Value.Int is 1 or 0
	Text      // Value.Text
	Word      // Value.Text: a keyword with its colon, a symbol, a number
	List      // Value.Items: a vector or list
	Set       // Value.Items
	Map       // Value.Items: key, value, key, value …
)

// Value is the value of an event. The zero value is nil.
type Value struct {
	Kind  Kind
	Int   int64
	Text  string
	Items []Value
}

// Equal reports whether two values are equal.
func (v Value) Equal(w Value) bool {
	return v.Kind == w.Kind && v.Int == w.Int && v.Text == w.Text && slices.EqualFunc(v.Items, w.Items, Value.Equal)
}

// Field returns the value of a map under a name, which may be a string or a keyword. It returns Nil
// if there is none, or if v is not a map.
func (v Value) Field(name string) Value {
	if v.Kind != Map {
		return Value{}
	}
	for i := 0; i+1 < len(v.Items); i += 2 {
		k := v.Items[i]
		if k.Kind == Text && k.Text == name || k.Kind == Word && strings.TrimPrefix(k.Text, ":") == name {
			return v.Items[i+1]
		}
	}
	return Value{}
}

// String returns the value as EDN, cut off if it is long.
func (v Value) String() string {
	var b strings.Builder
	v.write(&b, longestString)
	return b.String()
}

const longestString = 200

// Whole returns the value as EDN in full. Two values are equal if and only if these strings are.
func (v Value) Whole() string {
	if v.Kind == Text {
		return strconv.Quote(v.Text)
	}
	var b strings.Builder
	v.write(&b, math.MaxInt)
	return b.String()
}

// write appends the value as EDN, and stops soon after limit bytes.
func (v Value) write(b *strings.Builder, limit int) {
	switch v.Kind {
	case Nil:
		b.WriteString("nil")
	case Int:
		b.WriteString(strconv.FormatInt(v.Int, 10))
	case Bool:
		b.WriteString(strconv.FormatBool(v.Int != 0))
	case Text:
		if len(v.Text) > limit {
			fmt.Fprintf(b, "%q…", v.Text[:limit])
			return
		}
		b.WriteString(strconv.Quote(v.Text))
	case Word:
		b.WriteString(v.Text)
	case List:
		v.writeItems(b, "[", "]", limit)
	case Set:
		v.writeItems(b, "#{", "}", limit)
	case Map:
		v.writeItems(b, "{", "}", limit)
	}
}

func (v Value) writeItems(b *strings.Builder, open, end string, limit int) {
	b.WriteString(open)
	for i, item := range v.Items {
		if i > 0 {
			b.WriteByte(' ')
		}
		if b.Len() > limit {
			b.WriteString("…")
			break
		}
		item.write(b, limit)
	}
	b.WriteString(end)
}

// LineError tells which line of a file cannot be read, and why.
type LineError struct {
	Line   int // from 1
	Event  int // number of the event in the file, from 1, if several begin on its line; otherwise 0
	Reason string
}

func (e *LineError) Error() string {
	if e.Event > 0 {
		return fmt.Sprintf("line %d, event %d: %s", e.Line, e.Event, e.Reason)
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

func wrong(line int, format string, args ...any) error {
	return &LineError{Line: line, Reason: fmt.Sprintf(format, args...)}
}
