package linear

import (
	"encoding/csv"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
)

// deed is an operation before it is written in any form. Each ends before the next one begins.
type deed struct {
	process  int
	f, key   string
	arg, ans any    // nil: none
	out      string // ok, fail, info
}

// tales are histories, right and wrong ones. The two of a pair differ as little as possible.
func tales() []tale {
	call := func(f, key string, arg, ans any, out string) deed { return deed{0, f, key, arg, ans, out} }
	write := func(n int, out string) deed { return call("write", "x", n, nil, out) }
	read := func(key string, ans any, out string) deed { return call("read", key, nil, ans, out) }
	add := func(f string, n int) deed { return call(f, "x", n, nil, "ok") }
	swap := func(from int, out string) deed { return call("cas", "x", []any{from, 9}, nil, out) }
	acquire := func(key string) deed { return call("acquire", key, nil, nil, "ok") }
	return []tale{
		{"an answer", "register", []deed{write(1, "ok"), read("x", 1, "ok")}, []deed{write(1, "ok"), read("x", 2, "ok")}},
		{"a refused write", "register", []deed{write(1, "ok"), write(2, "fail"), read("x", 1, "ok")}, []deed{write(1, "ok"), write(2, "fail"), read("x", 2, "ok")}},
		{"a write of unknown outcome", "register", []deed{write(1, "ok"), write(2, "info"), read("x", 1, "ok"), read("x", 2, "ok")}, []deed{write(1, "ok"), write(2, "info"), read("x", 2, "ok"), read("x", 1, "ok")}},
		{"a read of unknown outcome", "register", []deed{write(1, "ok"), read("x", 7, "info")}, []deed{write(1, "ok"), read("x", 7, "ok")}},
		{"keys", "register", []deed{write(1, "ok"), read("y", nil, "ok")}, []deed{write(1, "ok"), read("x", nil, "ok")}},
		{"a refused swap", "cas-register", []deed{write(1, "ok"), swap(5, "fail"), read("x", 1, "ok")}, []deed{write(1, "ok"), swap(5, "fail"), read("x", 9, "ok")}},
		{"a swap", "cas-register", []deed{write(1, "ok"), swap(1, "ok"), read("x", 9, "ok")}, []deed{write(1, "ok"), swap(5, "ok"), read("x", 9, "ok")}},
		{"amounts", "counter", []deed{add("add", 7), read("x", 7, "ok")}, []deed{add("add", 7), read("x", 1, "ok")}},
		{"items", "queue", []deed{add("enqueue", 7), add("enqueue", 8), call("dequeue", "x", nil, 7, "ok")}, []deed{add("enqueue", 7), add("enqueue", 8), call("dequeue", "x", nil, 8, "ok")}},
		{"elements", "linear-set", []deed{add("add", 7), read("x", []any{7}, "ok")}, []deed{add("add", 7), read("x", []any{}, "ok")}},
		{"locks", "mutex", []deed{acquire("x"), acquire("y")}, []deed{acquire("x"), acquire("x")}},
	}
}

type tale struct {
	name, model  string
	right, wrong []deed
}

// cell is a field of a line.
type cell struct {
	name string
	v    any // a value of a deed, a bool, or []cell
}

// sheet has the lines of one deed while they are written. In a record, call and back are the same line.
type sheet struct {
	call, back *[]cell
	in, out    *[]cell // where the argument and the answer go: the lines themselves, or objects in them
	end        string  // the name of the time at which a record ends
	at         int     // that time
}

func put(at *[]cell, name string, v any) { *at = append(*at, cell{name, v}) }

// style is a way to lay out a deed.
type style struct {
	name string
	// args, answers, outcomes and keys are the names of the places that are tried, the usual one first. After a
	// question mark are those of which the reader may also say that it does not know them.
	args, answers, outcomes, keys string
	begin                         func(d deed, step int) *sheet
	end                           func(s *sheet) [][]cell
}

func inOne(s *sheet) [][]cell     { return [][]cell{*s.call} }
func inTwo(s *sheet) [][]cell     { return [][]cell{*s.call, *s.back} }
func inObjects(s *sheet) [][]cell { return s.objects("Input", "Output") }

// objects adds the objects with the argument and the answer to the lines.
func (s *sheet) objects(in, out string) [][]cell {
	put(s.call, in, *s.in)
	put(s.back, out, *s.out)
	if s.call == s.back {
		return inOne(s)
	}
	return inTwo(s)
}

func record(process, f, start, end string) func(d deed, step int) *sheet {
	return func(d deed, step int) *sheet {
		row := &[]cell{{process, d.process}, {f, d.f}, {start, 10*step + 1}}
		return &sheet{call: row, back: row, in: row, out: row, end: end, at: 10*step + 6}
	}
}

var styles = []style{
	{
		name: "events",
		args: "value, value in ok, item, amount, input, val, element, delta, permits, in, arg, argument, from/to, old/new, expected/new ? count, data, by, content", answers: "value, output, result, out, found, exists ? returned, answer, got", outcomes: "type ? ok, success, unknown, status, state, failed", keys: "key, pair ? lock, path, queue, register",
		begin: func(d deed, step int) *sheet {
			call, back := &[]cell{{"process", d.process}, {"type", "invoke"}, {"f", d.f}}, &[]cell{{"process", d.process}, {"f", d.f}}
			*call, *back = append(*call, cell{"index", 2 * step}, cell{"time", 20 * step}), append(*back, cell{"time", 20*step + 10}, cell{"final?", true})
			return &sheet{call: call, back: back, in: call, out: back}
		},
		end: inTwo,
	},
	{
		name: "records",
		args: "value, input, item, amount ? count, data, by, content", answers: "output, result ? returned, answer, got", outcomes: "type, ok, success, succeeded, unknown, indeterminate, status, outcome, error, Err, exception, end ? state, failed", keys: "key ? lock, path, queue, register",
		begin: record("process", "f", "start", "end"), end: inOne,
	},
	{
		name: "records by other names",
		args: "value", answers: "output", outcomes: "type", keys: "key",
		begin: record("client", "operation", "begin", "finish"), end: inOne,
	},
	{
		name: "records of the times that they take",
		args: "value", answers: "output", outcomes: "type", keys: "key",
		begin: record("process", "f", "start_time", "endTime"), end: inOne,
	},
	{
		name: "records of the times that they take, with units",
		args: "value", answers: "output", outcomes: "type", keys: "key",
		begin: record("client_id", "op", "call_ns", "return_ns"), end: inOne,
	},
	{
		name: "porcupine",
		args: "Value, Item, amount ? count, Data, By, content", answers: "value, result, whole ? Returned, answer, got", outcomes: "ok, Success, unknown, Status, error, Err, end ? State, failed", keys: "key ? Lock, path, queue, register",
		begin: func(d deed, step int) *sheet {
			row := &[]cell{{"ClientId", d.process}, {"Call", 10*step + 1}}
			return &sheet{call: row, back: row, in: &[]cell{{"Op", d.f}}, out: &[]cell{}, end: "Return", at: 10*step + 6}
		},
		end: inObjects,
	},
	{
		name: "porcupine's events",
		args: "value, item, amount ? count, data, by, content", answers: "value, result ? returned, answer, got", outcomes: "ok, success, unknown, status, error, Err ? state, failed", keys: "key ? lock, path, queue, register",
		begin: func(d deed, step int) *sheet {
			call, back := &[]cell{{"ClientId", d.process}, {"Kind", false}, {"Id", step}}, &[]cell{{"ClientId", d.process}, {"Kind", true}, {"Id", step}}
			return &sheet{call: call, back: back, in: &[]cell{{"op", d.f}}, out: &[]cell{}}
		},
		end: func(s *sheet) [][]cell { return s.objects("Value", "Value") },
	},
	{
		name: "actions",
		args: "value, item, amount ? count, data, by, content", answers: "value, result ? returned, answer, got", outcomes: "ok, success, unknown, status, error, Err ? state, failed", keys: "key ? lock, path, queue, register",
		begin: func(d deed, step int) *sheet {
			call, back := &[]cell{{"action", "call"}, {"proc", d.process}}, &[]cell{{"action", "return"}, {"proc", d.process}}
			return &sheet{call: call, back: back, in: &[]cell{{"op", d.f}}, out: &[]cell{}}
		},
		end: func(s *sheet) [][]cell { return s.objects("data", "data") },
	},
}

// says puts the outcome of a deed into a place. It reports whether the place can say it.
func (s *sheet) says(place, out string) bool {
	bit := func(yes string) (any, bool) { return out == yes, out != "info" || yes == "info" }
	var v any
	can := true
	switch strings.ToLower(place) {
	case "type":
		v = out
	case "ok", "success", "succeeded":
		v, can = bit("ok")
	case "failed":
		v, can = bit("fail")
	case "unknown", "indeterminate":
		v, can = bit("info")
		can = can && out != "fail"
	case "status", "outcome", "state":
		v = map[string]any{"ok": "ok", "fail": "fail", "info": "unknown"}[out]
	case "error", "exception":
		v, can = map[string]any{"ok": "", "info": "timeout"}[out], out != "fail"
	case "err":
		v = map[string]any{"ok": "OK", "fail": "ErrVersion", "info": "ErrMaybe"}[out]
	case "end":
		return out != "fail"
	}
	put(s.out, place, v)
	return can
}

// lay writes a tale in a style, with one place for each thing. It returns false if they cannot say it.
func (st style) lay(deeds []deed, arg, answer, outcome, key string) (lines [][]cell, can bool) {
	for step, d := range deeds {
		s := st.begin(d, step)
		event := s.call != s.back
		if event && s.back == s.out && outcome != "type" { // each event has a type
			put(s.back, "type", "ok")
		}
		if !s.says(outcome, d.out) {
			return nil, false
		}
		if !event && !(outcome == "end" && d.out == "info") {
			put(s.back, s.end, s.at)
		}
		pair := func(v any) any {
			if key == "pair" {
				return []any{d.key, v}
			}
			return v
		}
		if key != "pair" {
			put(s.in, key, d.key)
			if event && s.in == s.call {
				put(s.out, key, d.key)
			}
		}
		switch {
		case d.arg == nil && (key != "pair" || d.ans == nil && d.f != "acquire"):
			if key == "pair" {
				put(s.in, "value", pair(nil))
			}
		case d.arg == nil:
			put(s.in, "value", pair(nil))
		case arg == "value in ok":
			if d.out != "ok" {
				return nil, false
			}
			put(s.in, "value", pair(nil))
			put(s.out, "value", pair(d.arg))
		case strings.Contains(arg, "/"):
			from, to, _ := strings.Cut(arg, "/")
			if both, two := d.arg.([]any); two {
				put(s.in, from, both[0])
				put(s.in, to, both[1])
			} else {
				put(s.in, "value", d.arg)
			}
		default:
			put(s.in, arg, pair(d.arg))
			if event && s.in == s.call && arg == "value" {
				put(s.out, "value", pair(d.arg))
			}
		}
		if d.arg == nil && (d.f == "read" || d.f == "dequeue" || key == "pair") {
			switch {
			case answer == "whole" && len(*s.out) > 1:
				return nil, false
			case answer == "whole":
				put(s.back, "Output", d.ans)
				lines = append(lines, append(*s.call, cell{"Input", *s.in}))
				continue
			}
			if answer == "found" || answer == "exists" {
				if put(s.out, answer, d.ans != nil); d.ans != nil {
					put(s.out, "value", d.ans)
				}
			} else {
				put(s.out, answer, pair(d.ans))
			}
		}
		lines = append(lines, st.end(s)...)
	}
	return lines, true
}

// written returns lines in a form.
func written(lines [][]cell, form string) string {
	var b strings.Builder
	for i, l := range lines {
		if form == "wrapped" && i > 0 {
			b.WriteString(",")
		}
		b.WriteString(inForm(l, form == "edn") + "\n")
	}
	if form == "wrapped" {
		return `{"name": "a test", "history": [` + b.String() + `], "valid": true}`
	}
	if form == "csv" {
		return commaSeparated(lines)
	}
	return b.String()
}

// commaSeparated returns lines as CSV, with a column for each field that some line has.
func commaSeparated(lines [][]cell) string {
	var columns []string
	for _, l := range lines {
		for _, c := range l {
			if !slices.Contains(columns, c.name) {
				columns = append(columns, c.name)
			}
		}
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(columns)
	for _, l := range lines {
		row := make([]string, len(columns))
		for _, c := range l {
			if text, is := c.v.(string); is {
				row[slices.Index(columns, c.name)] = text
			} else if c.v != nil {
				row[slices.Index(columns, c.name)] = inForm(c.v, false)
			}
		}
		_ = w.Write(row)
	}
	w.Flush()
	return b.String()
}

func inForm(v any, edn bool) string {
	switch v := v.(type) {
	case []cell:
		var parts []string
		for _, c := range v {
			name := asJSON(c.name) + ": "
			if edn {
				name = ":" + c.name + " "
			}
			parts = append(parts, name+inForm(c.v, edn))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, inForm(item, edn))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case nil:
		if edn {
			return "nil"
		}
	case string:
		if edn && slices.Contains([]string{"invoke", "ok", "fail", "info", "read", "write", "cas", "add", "acquire", "enqueue", "dequeue"}, v) {
			return ":" + v
		}
	}
	return asJSON(v)
}

// namesOf splits a list of places into those that must be understood and those that may be refused by name.
func namesOf(list string) (known, refused []string) {
	sure, unsure, _ := strings.Cut(list, "?")
	split := func(s string) (names []string) {
		for name := range strings.SplitSeq(s, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
		return names
	}
	return split(sure), split(unsure)
}

// can reports whether a style can be written in a form: CSV and EDN have no objects in objects here.
func (st style) can(form string) bool {
	return form != "edn" && form != "csv" || strings.HasPrefix(st.name, "events") || strings.HasPrefix(st.name, "records")
}

func (st style) lists() [4]string { return [4]string{st.args, st.answers, st.outcomes, st.keys} }

func (st style) usual() (places [4]string) {
	for i, list := range st.lists() {
		known, _ := namesOf(list)
		places[i] = known[0]
	}
	return places
}

// everyPlace calls try with the usual places, but one, for each other place of that one.
func (st style) everyPlace(try func(places [4]string, odd string, mayRefuse bool)) {
	for i, list := range st.lists() {
		known, refused := namesOf(list)
		for _, name := range append(known, refused...) {
			places := st.usual()
			places[i] = name
			try(places, name, slices.Contains(refused, name))
		}
	}
}

// TestForms writes right and wrong histories in every form, with arguments, answers, outcomes and keys in every place.
// The reader either understands a place, and then the verdict is right, or its error names the field.
func TestForms(t *testing.T) {
	used := map[string]bool{}
	for _, st := range styles {
		for _, form := range []string{"json", "edn", "csv", "wrapped"} {
			if !st.can(form) {
				continue
			}
			t.Run(st.name+"/"+form, func(t *testing.T) {
				count := map[checker.Result]int{}
				st.everyPlace(func(places [4]string, odd string, mayRefuse bool) {
					for _, a := range tales() {
						st.compare(t, a, places, form, odd, mayRefuse, count, used)
					}
				})
				if least := len(st.args) / 3; count[checker.Valid] < least || count[checker.Violation] < least {
					t.Errorf("%v: the generator is one-sided", count)
				}
			})
		}
	}
	for _, name := range foreign.Names() {
		if !used[name] {
			t.Errorf("no history has the field %s", name)
		}
	}
}

// distorted are the ways in which one field of a line is changed. A field that is left out is none of them: much may be
// left out.
var distorted = []struct {
	name string
	cell func(c cell) []cell
}{
	{"by another name", func(c cell) []cell { return []cell{{"zz" + c.name, c.v}} }},
	{"in an object", func(c cell) []cell { return []cell{{c.name, []cell{{"zz", c.v}}}} }},
	{"of another type", func(c cell) []cell {
		if _, is := c.v.(string); is {
			return []cell{{c.name, 77}}
		}
		return []cell{{c.name, "zz"}}
	}},
	{"another value", func(c cell) []cell {
		switch v := c.v.(type) {
		case int:
			return []cell{{c.name, v + 1000}}
		case bool:
			return []cell{{c.name, !v}}
		case string:
			return []cell{{c.name, "zz" + v}}
		}
		return []cell{{c.name, 77}}
	}},
	{"twice", func(c cell) []cell { return []cell{c, {strings.ToUpper(c.name), 77}} }},
}

// saysNothing reports whether a change of a cell on a line of a history for a model may be passed over.
func saysNothing(c cell, how string, on []cell, model string) bool {
	for _, other := range on {
		if other.v == "info" || other.v == "fail" { // what such a line says besides decides nothing
			return true
		}
	}
	switch {
	case c.name == "index", c.name == "final?" && how == "another value": // no model of these tales asks whether it is final
		return true
	case how == "by another name":
		return c.v == nil || c.v == false || c.v == "" || c.v == 0 || c.v == "OK" || c.v == "ok"
	case c.v == "timeout", c.v == "ErrMaybe": // whatever the error is, the outcome is unknown
		return true
	case model == "counter" && how == "of another type": // an addition may be answered with any text
		return true
	}
	return false
}

// distort calls try once for each field and way to change it, after it has changed the lines.
func distort(lines [][]cell, try func(c cell, how string, on []cell)) {
	for n, l := range lines {
		var inside func(l []cell, put func(changed []cell))
		inside = func(l []cell, put func(changed []cell)) {
			for i, c := range l {
				for _, d := range distorted {
					put(slices.Concat(l[:i], d.cell(c), l[i+1:]))
					try(c, d.name, lines[n])
				}
				if object, is := c.v.([]cell); is {
					inside(object, func(changed []cell) { put(slices.Concat(l[:i], []cell{{c.name, changed}}, l[i+1:])) })
				}
			}
			put(l)
		}
		inside(l, func(changed []cell) { lines[n] = changed })
	}
}

// TestNoFieldIsPassedOver changes each field of histories in every form, in several ways. Either the history is another
// one then, or an error or a note says so.
func TestNoFieldIsPassedOver(t *testing.T) {
	tried, refused, named := 0, 0, 0
	for _, st := range styles {
		for _, form := range []string{"json", "edn", "csv"} {
			if !st.can(form) {
				continue
			}
			t.Run(st.name+"/"+form, func(t *testing.T) {
				st.everyPlace(func(places [4]string, odd string, _ bool) {
					for _, a := range tales() {
						lines, can := st.lay(a.right, places[0], places[1], places[2], places[3])
						if !can || places[3] == "pair" && (a.model == "mutex" || form == "csv") {
							continue
						}
						before, err := tryLoad(a.model, []byte(written(lines, form)))
						if err != nil {
							continue // TestForms says which
						}
						usual := odd == st.usual()[0]
						distort(lines, func(c cell, how string, on []cell) {
							if !usual && !strings.Contains(odd, c.name) || saysNothing(c, how, on, a.model) {
								return
							}
							text := written(lines, form)
							tried++
							switch after, err := tryLoad(a.model, []byte(text)); {
							case err != nil:
								refused++
							case after.unread != before.unread:
								named++
							case reflect.DeepEqual(after, before) && !strings.Contains(before.unread, c.name):
								t.Errorf("%s with %v: %s %s changed nothing, without a word\n%s", a.name, places, c.name, how, text)
							}
						})
					}
				})
			})
		}
	}
	t.Logf("%d changes: %d refused, %d named, the others read", tried, refused, named)
}

// markUsed marks the names of the fields of a line.
func markUsed(l []cell, used map[string]bool) {
	for _, c := range l {
		used[strings.NewReplacer("?", "", "_", "").Replace(strings.ToLower(c.name))] = true
		if inner, is := c.v.([]cell); is {
			markUsed(inner, used)
		}
	}
}

func (st style) compare(t *testing.T, a tale, places [4]string, form, odd string, mayRefuse bool, count map[checker.Result]int, used map[string]bool) {
	t.Helper()
	for want, deeds := range map[checker.Result][]deed{checker.Valid: a.right, checker.Violation: a.wrong} {
		if places[3] == "pair" && (a.model == "mutex" || form == "csv") {
			continue // there, a pair is no key
		}
		lines, can := st.lay(deeds, places[0], places[1], places[2], places[3])
		if !can {
			continue
		}
		for _, l := range lines {
			markUsed(l, used)
		}
		text := written(lines, form)
		h, err := tryLoad(a.model, []byte(text))
		if err != nil {
			bothLines := odd == "value in ok" && a.model == "counter" && form != "edn" && strings.Contains(err.Error(), "in the invocation in line")
			if !bothLines && !(mayRefuse && strings.Contains(err.Error(), odd)) {
				t.Errorf("%s with %s: %v\n%s", a.name, odd, err, text)
			}
			continue
		}
		r := Check(t.Context(), h, Options{})
		if count[r.Verdict]++; r.Verdict != want {
			t.Errorf("%s with %s: %s, want %s\n%s", a.name, odd, r.Verdict, want, text)
		}
	}
}
