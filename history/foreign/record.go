package foreign

import (
	"math"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
)

// A record is an operation with its start and its end in one object:
//
//	{"process":0,"f":"write","value":3,"start":1200,"end":1900}
//	{"ClientId":0,"Input":{"op":"write","value":3},"Call":1200,"Output":null,"Return":1900}
//
// The second form is a porcupine.Operation as encoding/json writes it, as etcd's robustness tests
// store it. A record becomes two events, an invocation and a completion. The position of a record
// in its file means nothing, since records may be sorted by start, by end or by client. Only the
// times order them.

// isRecord reports whether this is a record, and not an event that has fields with such names beside
// its own.
func (x *fields) isRecord() bool {
	return x.starts && x.time.Kind == Nil && plain(x.kind) != string(history.Invoke)
}

// record makes the invocation of a record, and keeps its completion.
func (t *told) record(e *Event, x *fields, line int, colon string) (bool, error) {
	names := []string{colon + "process", colon + "type", colon + "f"}
	if x.process.Kind == Nil {
		x.process = x.client
	}
	result := x.spread()
	if plain(x.f) == "" {
		return false, wrong(line, "the record does not name its operation: expected a field f, or one in the input called f, op, operation or type; %s", known())
	}
	e.Record, e.Key, e.Value = true, x.key, x.value
	if mine, err := fill(e, line, x.process, Value{Kind: Text, Text: string(history.Invoke)}, x.f, names...); err != nil || !mine {
		return mine, err
	}
	var err error
	if e.Time, err = t.clock.read(line, colon+"start", x.start); err != nil {
		return false, err
	}
	if e.Time == noTime {
		return false, wrong(line, "the record has no time in its field start")
	}
	if x.end.Kind == Int && x.end.Int == math.MaxInt64 { // so porcupine's users mark an operation that never returned
		x.end = Value{}
	}
	end, err := t.clock.read(line, colon+"end", x.end)
	if err != nil {
		return false, err
	}
	done := *e
	done.Value = result
	if _, err := fill(&done, line, x.process, x.outcome(end), x.f, names...); err != nil {
		return false, err
	}
	switch done.Time = end; {
	case done.Type == history.Info:
		done.Time = e.Time // nothing depends on when the client gave up
	case end == noTime:
		return false, wrong(line, "the record is %s, but has no time in its field end", done.Type)
	case end < e.Time:
		return false, wrong(line, "the operation ends at %s, before it starts at %s", x.end, x.start)
	}
	t.end, t.ends = done, true
	return true, nil
}

// outcome returns the type of the completion. A record without an end, or with an error, does not
// tell whether the operation took effect, unless it has a type.
func (x *fields) outcome(end int64) Value {
	kind := history.OK
	switch refused, says := x.output.fold("ok"); {
	case x.kind.Kind != Nil:
		return x.kind
	case end == noTime || given(x.failure):
		kind = history.Info
	case says && refused.Kind == Bool && refused.Int == 0, plain(x.f) == "cas" && x.output.Kind == Bool && x.output.Int == 0:
		kind = history.Fail
	}
	return Value{Kind: Text, Text: string(kind)}
}

// given reports whether an error was given: neither nil, false nor an empty text.
func given(v Value) bool {
	return !(v.Kind == Nil || v.Kind == Bool && v.Int == 0 || v.Kind == Text && v.Text == "")
}

// operationNames lists the fields of an input that may name its operation.
var operationNames = []string{"f", "op", "operation", "type"}

// spread moves what the input says to the fields of the record, and returns the result.
func (x *fields) spread() (result Value) {
	result = x.value
	if x.f.Kind != Nil { // the input is the argument
		if x.input.Kind != Nil {
			x.value = x.input
		}
	} else if x.input.Kind == Map {
		x.f, _ = x.input.fold(operationNames...)
		if key, has := x.input.fold("key"); has {
			x.key = key
		}
		x.value = x.input.argument()
		result = x.value
	}
	if failure, has := x.output.fold("error"); has && given(failure) {
		x.failure = failure
	}
	if value, has := x.output.fold("value", "result"); has {
		return value
	}
	if _, says := x.output.fold("ok", "error"); says || x.output.Kind == Nil || x.output.Kind == Bool {
		return result
	}
	return x.output
}

// argument returns the value of an input, or a map of everything in it besides operation and key; nil
// if there is nothing else.
func (v Value) argument() Value {
	if value, has := v.fold("value"); has {
		return value
	}
	var rest []Value
	for i := 0; i+1 < len(v.Items); i += 2 {
		name := strings.ToLower(plain(v.Items[i]))
		if name != "key" && !slices.Contains(operationNames, name) {
			rest = append(rest, Value{Kind: Text, Text: name}, v.Items[i+1])
		}
	}
	if rest == nil {
		return Value{}
	}
	return Value{Kind: Map, Items: rest}
}

// fold is like Field, for the first of the names that the map has in upper or lower case. It reports
// whether it has one.
func (v Value) fold(names ...string) (Value, bool) {
	if v.Kind != Map {
		return Value{}, false
	}
	for _, name := range names {
		for i := 0; i+1 < len(v.Items); i += 2 {
			if strings.EqualFold(plain(v.Items[i]), name) {
				return v.Items[i+1], true
			}
		}
	}
	return Value{}, false
}
