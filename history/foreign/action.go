package foreign

import "strings"

// This file reads histories whose events have the fields action, proc and data, as tipocket writes them:
//
//	{"action":"call","proc":1,"time":"2020-03-02T12:00:00.1+08:00","data":{"op":"write","value":3}}
//	{"action":"return","proc":1,"time":"2020-03-02T12:00:00.2+08:00","data":{"ok":true,"unknown":false}}
//
// Each of tipocket's tests defines what data contains; it has to name the operation.

// act makes an event of an action. Actions other than call and return belong to no client.
func (t *told) act(e *Event, x *fields, line int) (mine bool, err error) {
	if e.Time, err = t.clock.read(line, "time", x.time); err != nil {
		return false, err
	}
	x.input = x.data
	switch strings.ToLower(plain(x.action)) {
	case "call", "invoke":
		return t.call(e, x, line)
	case "return", "ok":
		return t.answer(e, x, line)
	}
	return false, nil
}

// call fills e with the invocation of an operation.
func (t *told) call(e *Event, x *fields, line int) (bool, error) {
	named, has := x.data.fold(operationNames...)
	switch {
	case x.f.Kind != Nil:
	case !has:
		return false, wrong(line, "data does not name the operation: expected one called f, op, operation or type in it, as in {\"action\":\"call\",\"proc\":1,\"data\":{\"op\":\"write\",\"value\":3}}")
	case plain(named) == "":
		return false, wrong(line, "data names the operation by %s: write its name in the history instead, as in {\"op\":\"write\",\"value\":3}", named)
	}
	x.spread()
	e.Key, e.Value = x.key, x.value
	mine, err := fill(e, line, x.process, Value{Kind: Text, Text: "invoke"}, x.f, "proc", "action", "op")
	if mine {
		if t.called == nil {
			t.called = map[int64]Value{}
		}
		t.called[e.Process] = x.f
	}
	return mine, err
}

// answer fills e with the completion of an operation: with {"unknown":true} its outcome is unknown,
// with {"ok":false} it had no effect.
func (t *told) answer(e *Event, x *fields, line int) (bool, error) {
	kind := "ok"
	if failed, says := x.data.fold("ok"); says && failed.Kind == Bool && failed.Int == 0 {
		kind = "fail"
	}
	if unknown, says := x.data.fold("unknown"); says && unknown.Kind == Bool && unknown.Int != 0 {
		kind = "info"
	}
	if value, has := x.data.fold("value", "result"); has {
		e.Value = value
	} else if x.data.Kind != Map {
		e.Value = x.data
	}
	if process := x.process; process.Kind == Int && x.f.Kind == Nil {
		x.f = t.called[process.Int]
	}
	return fill(e, line, x.process, Value{Kind: Text, Text: kind}, x.f, "proc", "action", "op")
}
