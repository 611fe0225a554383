package foreign

import (
	"strings"

	"github.com/zklab/zklab/history"
)

// fields holds the fields of an object of a file, before anything is checked.
type fields struct {
	process, kind, f, key, value, time Value
	// The fields of a record, which is a whole operation. porcupine calls them ClientId, Input,
	// Call, Output and Return.
	client, input, start, output, end, failure Value
	starts                                     bool // the object has the field start

	final  bool
	action Value // tipocket's: call or return; data holds the argument or the result
	data   Value
}

// put sets a field by its name.
func (x *fields) put(name string, v Value) {
	switch name {
	case "process", "proc":
		x.process = v
	case "action":
		x.action = v
	case "data":
		x.data = v
	case "final?", "final":
		x.final = v.Kind == Bool && v.Int != 0
	case "type":
		x.kind = v
	case "f":
		x.f = v
	case "key":
		x.key = v
	case "value":
		x.value = v
	case "time":
		x.time = v
	case "ClientId":
		x.client = v
	case "input", "Input":
		x.input = v
	case "start", "Call":
		x.start, x.starts = v, true
	case "output", "Output":
		x.output = v
	case "end", "Return":
		x.end = v
	case "error":
		x.failure = v
	}
}

// isTime reports whether the field with a name is a time.
func isTime(name string) bool {
	switch name {
	case "time", "start", "end", "Call", "Return":
		return true
	}
	return false
}

// told holds what the events read so far tell about the history.
type told struct {
	clock clock
	began bool // an event was read
	// end is the end of the record whose beginning was returned last, if ends.
	end  Event
	ends bool
	// called maps each process to the name of its open operation, in a history with actions.
	called map[int64]Value
}

// event makes an event of fields, and reports whether it is a client's. In messages, colon
// stands before each field's name.
func (t *told) event(e *Event, x *fields, line int, colon string) (mine bool, err error) {
	*e = Event{Line: line, Time: noTime, Key: x.key, Value: x.value, Final: x.final}
	switch {
	case x.action.Kind != Nil && x.kind.Kind == Nil:
		mine, err = t.act(e, x, line)
	case x.isRecord():
		mine, err = t.record(e, x, line, colon)
	case !t.began && x.process.Kind == Nil && x.kind.Kind == Nil:
		return false, wrong(line, "the event has no %sprocess and no %stype; %s", colon, colon, known())
	default:
		if e.Time, err = t.clock.read(line, colon+"time", x.time); err == nil {
			mine, err = fill(e, line, x.process, x.kind, x.f, colon+"process", colon+"type", colon+"f")
		}
	}
	t.began = true
	return mine, err
}

// fill checks the fields that every event has, and reports whether it is a client's.
func fill(e *Event, line int, process, kind, f Value, fields ...string) (bool, error) {
	if n, ok := number([]byte(process.Text)); ok && process.Kind == Text {
		process = Value{Kind: Int, Int: n}
	}
	switch process.Kind {
	case Int:
		e.Process = process.Int
		if e.Process < 0 {
			return false, wrong(line, "%s is %d: expected a number from 0, or a name like nemesis", fields[0], e.Process)
		}
	case Word, Text:
		return false, stranger(line, process, kind, fields[0])
	case Nil:
		return false, wrong(line, "the event has no %s", strings.TrimPrefix(fields[0], "the "))
	default:
		return false, wrong(line, "%s is %s: expected a number, or a name like nemesis", fields[0], process)
	}
	switch text := strings.ToLower(plain(kind)); text {
	case "invoke":
		e.Type = history.Invoke
	case "ok":
		e.Type = history.OK
	case "fail":
		e.Type = history.Fail
	case "info":
		e.Type = history.Info
	case "":
		return false, wrong(line, "the event has no %s: expected invoke, ok, fail or info", strings.TrimPrefix(fields[1], "the "))
	default:
		return false, wrong(line, "%s is %s: expected invoke, ok, fail or info", fields[1], kind)
	}
	if e.F = strings.ToLower(plain(f)); e.F == "" && e.Type != history.Info {
		return false, wrong(line, "the event has no %s, the name of an operation", fields[2])
	}
	return true, nil
}

// stranger returns an error for an event of a named process that is not a fact. The nemesis,
// sessions and the like report facts and call nothing. If a client's events were skipped, the rest
// could look correct.
func stranger(line int, process, kind Value, field string) error {
	if name := strings.ToLower(plain(process)); name == "nemesis" || strings.ToLower(plain(kind)) == "info" {
		return nil
	}
	return wrong(line, "%s is %s, and its event is %s: clients must be numbers, only events of type info may have a name instead", field, process, kind)
}

// plain returns a name without its colon, or "" if v is not a name.
func plain(v Value) string {
	switch {
	case v.Kind == Word && len(v.Text) > 1 && v.Text[0] == ':':
		return v.Text[1:]
	case v.Kind == Word, v.Kind == Text:
		return v.Text
	}
	return ""
}
