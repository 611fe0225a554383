package linear

import (
	"math"
	"strconv"

	"github.com/zklab/zklab/history/foreign"
)

// code is the kind of an operation.
type code uint8

const (
	dropped  code = iota // without consequences: it failed, or is a read with an unknown result
	read                 // a is the value that was read; for a counter, b is 1 for a final read
	write                // a is the value
	cas                  // from a to b
	mismatch             // a failed compare-and-set: the value was not a
	extend               // append a to the text
	acquire              // a permits; of a fenced lock b is the token, or 0
	release              // a permits
	enqueue              // a is the value
	dequeue              // a is the value; 0: the queue was empty
	add                  // to a set: a is the value; to a counter: a is the number, b the counter's new value or noResult
	readAll              // a is the place in History.lists of what was read
	drain                // with an unknown outcome: it may have taken anything
	generate             // a is the id
	transfer             // of a bank
	remove               // from a set: a is the value
)

// codes is a set of codes.
type codes uint16

func codesOf(ops []op) (cs codes) {
	for i := range ops {
		cs |= 1 << ops[i].code
	}
	return cs
}

func (cs codes) has(c code) bool { return cs&(1<<c) != 0 }

// never is the rank of a completion that did not come.
const never = math.MaxInt32

// noResult is b of an add that did not return the new value.
const noResult = math.MinInt32

// op is one operation on one key. inv and ret are ranks: places in the order of
// events. Values are places in History.values.
type op struct {
	inv, ret int32 // ret is never if the outcome is unknown
	process  int32
	key      int32
	a, b     int32
	code     code
}

func (o *op) unknown() bool { return o.ret == never }

// values holds the distinct values of a history; 0 is nil.
type values struct {
	ints  map[int64]int32
	texts map[string]int32
	list  []value
}

// value is a number or anything else, as text.
type value struct {
	number int64
	text   string // as EDN; a string is quoted
	isInt  bool
}

func newValues() *values {
	return &values{ints: map[int64]int32{}, texts: map[string]int32{}, list: []value{{text: "nil"}}}
}

// of returns the place of a value.
func (vs *values) of(v foreign.Value) int32 {
	switch v.Kind {
	case foreign.Nil:
		return 0
	case foreign.Int:
		return vs.number(v.Int)
	}
	text := v.Text // the usual case; a word begins with a colon
	if v.Kind != foreign.Word {
		text = v.Whole()
	}
	return vs.text(text)
}

func (vs *values) number(n int64) int32 {
	id, ok := vs.ints[n]
	if !ok {
		id = int32(len(vs.list))
		vs.ints[n] = id
		vs.list = append(vs.list, value{number: n, isInt: true})
	}
	return id
}

func (vs *values) text(text string) int32 {
	id, ok := vs.texts[text]
	if !ok {
		id = int32(len(vs.list))
		vs.texts[text] = id
		vs.list = append(vs.list, value{text: text})
	}
	return id
}

// loose returns a number in its loose form; false if the value is not a number.
func (vs *values) loose(id int32) (foreign.Value, bool) {
	v := vs.list[id]
	if v.isInt {
		return foreign.Value{Kind: foreign.Int, Int: v.number}, true
	}
	return foreign.LooseNumber(v.plain())
}

// plain returns a value's text without quotation marks.
func (v value) plain() string {
	if text, err := strconv.Unquote(v.text); err == nil {
		return text
	}
	return v.text
}

// name returns a value for people.
func (vs *values) name(id int32) string {
	if id < 0 || int(id) >= len(vs.list) {
		return "?"
	}
	v := vs.list[id]
	if v.isInt {
		return strconv.FormatInt(v.number, 10)
	}
	const some = 60
	if len(v.text) > some {
		return v.text[:some] + "…"
	}
	return v.text
}
