package foreign

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/zklab/zklab/history"
)

// Event is one event of a client: an invocation or a completion. It belongs to
// the caller, but strings and collections are shared between events.
type Event struct {
	// Line is where the event begins, from 1.
	Line int
	// Shared says that the event before it begins in the same line.
	Shared bool
	// Index is the event's place in the file, from 0; events of no client count.
	Index   int
	Process int64
	Type    history.Type
	F       string // in small letters; an info may have none
	Key     Value  // Nil if the format or the event has none
	Value   Value
	// Explained says that a line of text tells more behind the value: an error.
	Explained bool
	// Time is nanoseconds since some beginning, at most history.MaxTime; -1 if the
	// file does not say.
	Time int64
}

// Kind is what a [Value] is.
type Kind uint8

// The kinds of values. Numbers that are no 64-bit integers are Words: whole ones all
// their digits, others as they were written.
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

// Value is what an event carries. The zero value is nil.
type Value struct {
	Kind  Kind
	Int   int64
	Text  string
	Items []Value
}

// Field is what a map has under a name, which may be text or a keyword; Nil if
// it has nothing, or the value is no map.
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

// String is the value as EDN, cut off where it gets long.
func (v Value) String() string {
	var b strings.Builder
	v.write(&b, longestString)
	return b.String()
}

const longestString = 200

// Whole is the value as EDN, however long: two values are equal if this is.
func (v Value) Whole() string {
	if v.Kind == Text {
		return strconv.Quote(v.Text)
	}
	var b strings.Builder
	v.write(&b, math.MaxInt)
	return b.String()
}

// write appends the value as EDN, and ends soon after limit bytes.
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

// LineError says which line of a file cannot be read and why.
type LineError struct {
	Line   int // from 1
	Event  int // the event's number in the file, from 1, if several began in its line; else 0
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
