package foreign

import (
	"math"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
)

// A line has one of these forms, and declared.go says what the fields mean in all of them:
//
//	{"process":0,"type":"invoke","f":"write","value":3}                         an event
//	{"action":"call","proc":1,"data":{"op":"write","value":3}}                  an event of tipocket
//	{"ClientId":0,"Kind":false,"Id":7,"Value":{"op":"write","value":3}}         a porcupine.Event; Kind is true for a return
//	{"process":0,"f":"write","value":3,"start":1200,"end":1900}                 a record, which is a whole operation
//	{"ClientId":0,"Input":{"op":"write","value":3},"Call":1200,"Return":1900}   a porcupine.Operation
//
// A record becomes two events, an invocation and a completion. Its position in the file means nothing, since records
// may be sorted by start, by end or by client. Only the times order them.

// told holds what the lines read so far tell about the history.
type told struct {
	clock clock
	began bool // an event was read
	own   bool // zklab wrote the history, so every field is known
	line  line
	// end is the end of the record whose beginning was returned last, if ends.
	end  Event
	ends bool
	// open maps each process to the name of its open operation, if completions do not name theirs.
	open map[int64]Value
	// calls holds the Id of each process's last call, in a porcupine.Event.
	calls   map[int64]Value
	clients clients
	passed  passed
}

// returned is the word for a completion of which other fields say how the operation ended.
const returned = "return"

// event makes an event of the fields of a line, and reports whether it is a client's. Of a record it makes the
// invocation, and keeps the completion.
func (t *told) event(e *Event) (mine bool, err error) {
	x := &t.line
	*e = Event{Line: x.number, Time: NoTime}
	e.Final = truth(x.value(finalField, onLine))
	word := x.word()
	record := x.get(startField, onLine) != nil && x.value(timeField, onLine).Kind == Nil && word != string(history.Invoke)
	if !t.began && !record && word == "" && x.who().Kind == Nil {
		return false, wrong(x.number, "the event has no %s and no %s; %s", x.names.process, x.names.kind, known)
	}
	t.began = true
	if !t.own {
		if err := x.unfold(record, word); err != nil {
			return false, err
		}
	}
	if record {
		mine, err = t.record(e, word)
	} else {
		mine, err = t.single(e, word)
	}
	if err == nil && mine && !t.own {
		if err = x.truths(); err == nil {
			err = t.passOver(e, record)
		}
	}
	return mine, err
}

// truths returns an error about a field that is true or false elsewhere, and something else here.
func (x *line) truths() error {
	if x.has&(1<<finalField|1<<foundField) == 0 {
		return nil
	}
	for i := range x.fields {
		f := &x.fields[i]
		if (f.meaning == finalField || f.meaning == foundField) && f.at != inInput && !f.spent && f.v.Kind != Nil && f.v.Kind != Bool {
			return wrong(x.number, "%s is %s: expected true or false; if it means something else, say --field %s=ignore", x.label(f), f.v, f.name)
		}
	}
	return nil
}

// word returns what kind of event a line is: invoke, ok, fail, info, return, or as it is written.
func (x *line) word() string {
	f := x.get(kindField, onLine)
	if f == nil {
		return ""
	}
	word := strings.ToLower(plain(f.v))
	switch {
	case f.v.Kind == Nil:
	case (f.v.Kind == Bool || f.v.Kind == Int) && f.v.Int&1 == f.v.Int && f.is("kind"): // porcupine.CallEvent is false
		word = []string{string(history.Invoke), returned}[f.v.Int]
	case word == "call" || word == "invocation":
		word = string(history.Invoke)
	case word == "response" || word == string(history.OK) && f.is("action"):
		word = returned
	case word == "": // neither a word nor a kind of porcupine
		word = f.v.String()
	}
	return word
}

func (f *field) is(name string) bool { return f.as == name }

// foldable are the meanings of fields that may hold other fields.
const foldable = 1<<inputField | 1<<outputField | 1<<dataField | 1<<valueField

// singleOnes are the meanings of which a line has one field, or several that say the same. Of others, all count (outcomes),
// or the one that counts least is named.
const singleOnes = 1<<operationField | 1<<keyField | 1<<valueField | 1<<fromField | 1<<toField | 1<<inputField | 1<<outputField | 1<<dataField | 1<<foundField | 1<<finalField | 1<<idField

// unfold adds the fields of the objects with the argument and the answer.
func (x *line) unfold(record bool, word string) error {
	if err := x.agree(); err != nil || x.has&foldable == 0 {
		return err
	}
	asks, answers := record || word == string(history.Invoke), word != string(history.Invoke)
	for i := range x.fields {
		f := &x.fields[i]
		at := place(0)
		switch {
		case f.at != onLine:
		case f.meaning == inputField && asks, f.meaning == dataField && !record && asks:
			at = inInput
		case f.meaning == outputField && answers, f.meaning == dataField && !record:
			at = inOutput
		case f.meaning == valueField && f.v.Kind == Map && !record:
			if at = inOutput; asks {
				at = inInput
			}
			if !x.holdsEvent(f.v, at) {
				continue
			}
		}
		if at != 0 {
			x.spread(i, at)
		}
	}
	return x.agree()
}

// spread adds the fields of an object; or the object itself, if it has no field that says what the fields of a line
// say, like the balances of a bank.
func (x *line) spread(i int, at place) {
	v := x.fields[i].v
	if v.Kind == Map && len(v.Items) == 0 || x.fields[i].meaning == dataField && v.Kind == Nil {
		return
	}
	x.fields[i].spent = true
	if v.Kind != Map || !x.saysAny(v, at) {
		x.add(map[place]string{inInput: "argument", inOutput: "result"}[at], at).v = v
		return
	}
	for j := 0; j+1 < len(v.Items); j += 2 {
		x.add(plain(v.Items[j]), at).v = v.Items[j+1]
	}
}

// saysAny reports whether an object has a field that the reader knows.
func (x *line) saysAny(v Value, at place) bool {
	for i := 0; i+1 < len(v.Items); i += 2 {
		if m := x.declared(plain(v.Items[i]), at).meaning; m > ignored && m != likeKey {
			return true
		}
	}
	return false
}

// holdsEvent reports whether the value of an event is an object with its argument or answer: it has a key and a value, or
// it says the outcome, or nothing else names the operation. Other objects are values.
func (x *line) holdsEvent(v Value, at place) bool {
	key, val := false, false
	for i := 0; i+1 < len(v.Items); i += 2 {
		c := x.declared(plain(v.Items[i]), at)
		key, val = key || c.as == "key", val || c.as == "value"
		if (c.meaning == doneField || c.meaning == doubtField) && v.Items[i+1].Kind == Bool {
			return true
		}
	}
	return key && val || x.get(operationField, onLine) == nil
}

// agree returns an error if two fields say the same thing, and differ.
func (x *line) agree() error {
	if x.twice&singleOnes == 0 {
		return nil
	}
	for i := range x.fields {
		for j := range x.fields[:i] {
			f, g := &x.fields[j], &x.fields[i]
			if f.meaning == g.meaning && singleOnes&(1<<f.meaning) != 0 && !f.spent && !g.spent && f.v.Kind != Nil && g.v.Kind != Nil && (f.meaning != valueField || f.at == g.at) && !f.v.Equal(g.v) {
				if f.name == g.name {
					return wrong(x.number, "%s stands twice, as %s and as %s", x.label(f), f.v, g.v)
				}
				return wrong(x.number, "%s is %s, but %s is %s: say which one does not count, as in --field %s=ignore", x.label(f), f.v, x.label(g), g.v, g.name)
			}
		}
	}
	return nil
}

// who returns the process of a line: its number or its name. For a porcupine.Event without, each operation is a process
// of its own.
func (x *line) who() Value {
	v := x.value(processField, onLine)
	if v.Kind == Nil && x.isPorcupines() {
		return x.value(idField, onLine)
	}
	return v
}

// isPorcupines reports whether a line is a porcupine.Event.
func (x *line) isPorcupines() bool {
	k := x.get(kindField, onLine)
	return k != nil && k.is("kind")
}

// single makes the event of a line that is not a record.
func (t *told) single(e *Event, word string) (bool, error) {
	x := &t.line
	var err error
	if e.Time, err = t.clock.read(x.number, x.names.time, x.get(timeField, onLine)); err != nil {
		return false, err
	}
	kind := x.value(kindField, onLine)
	if k := x.get(kindField, onLine); word == string(history.Invoke) && !strings.EqualFold(plain(kind), word) || word == returned {
		kind = Value{Kind: Text, Text: word}
	} else if k != nil && k.is("action") && word != string(history.Invoke) {
		return false, nil // what the test does, besides calling
	}
	if x.isPorcupines() {
		if err := t.clients.alike(x.number, x.value(processField, onLine)); err != nil {
			return false, err
		}
	}
	if mine, err := t.clients.number(e, x.number, x.who(), kind, x.names.process); err != nil || !mine {
		return mine, err
	}
	if word == string(history.Invoke) {
		return true, t.invocation(e, kind)
	}
	return true, t.completion(e, word, kind)
}

func (t *told) invocation(e *Event, kind Value) error {
	x := &t.line
	f, err := x.operation()
	if err != nil {
		return err
	}
	if x.inside(inInput) {
		if t.open == nil {
			t.open = map[int64]Value{}
		}
		t.open[e.Process] = f
	}
	if x.isPorcupines() {
		if t.calls == nil {
			t.calls = map[int64]Value{}
		}
		t.calls[e.Process] = x.value(idField, onLine)
	}
	e.Key = x.value(keyField, onLine|inInput)
	e.Value, e.Bare = x.argument()
	return typed(e, x.number, kind, f, x.names)
}

func (t *told) completion(e *Event, word string, kind Value) error {
	x := &t.line
	f := x.value(operationField, onLine)
	if f.Kind == Nil {
		f = t.open[e.Process]
	}
	var apart bool
	e.Key = x.value(keyField, onLine)
	e.Value, e.Bare, apart = x.result()
	e.Answer = apart || word == returned
	if call, is := t.calls[e.Process]; is && !call.Equal(x.value(idField, onLine)) {
		return wrong(x.number, "Id is %s, but that of the client's open call is %s", x.value(idField, onLine), call)
	}
	if !t.own {
		if !slices.Contains([]string{string(history.OK), string(history.Fail), string(history.Info), returned}, word) {
			return typed(e, x.number, kind, f, x.names) // which says that this is none
		}
		typ, err := x.outcome(word)
		if err != nil {
			return err
		}
		if typ != "" {
			kind = Value{Kind: Text, Text: string(typ)}
		}
		if typ == history.OK && word == returned {
			t.passed.saysOK(x)
		}
		if e.Absent = x.absent(typ); e.Absent {
			e.Value, e.Bare, e.Answer = Value{}, false, true
		}
	}
	return typed(e, x.number, kind, f, x.names)
}

// record makes the invocation of a record, and keeps the completion.
func (t *told) record(e *Event, word string) (bool, error) {
	x := &t.line
	f, err := x.operation()
	if err != nil {
		return false, err
	}
	e.Record, e.Key = true, x.value(keyField, onLine|inInput)
	e.Value, e.Bare = x.argument()
	if mine, err := t.fill(e, x.number, x.who(), Value{Kind: Text, Text: string(history.Invoke)}, f, x.names); err != nil || !mine {
		return mine, err
	}
	if e.Time, err = t.clock.read(x.number, x.names.start, x.get(startField, onLine)); err != nil {
		return false, err
	}
	if e.Time == NoTime {
		return false, wrong(x.number, "the record has no time in its field start")
	}
	finish := x.get(endField, onLine)
	switch {
	case finish == nil || finish.v.Kind != Int:
	case finish.v.Int == math.MaxInt64: // so porcupine's users mark an operation that never returned
		finish = nil
	case finish.v.Int == unsaid && e.Time < 0:
		return false, wrong(x.number, "the operation starts at %s and ends at -1: is that a time, or did it never end? Leave the end out if it did not", x.value(startField, onLine))
	}
	done := *e
	if done.Time, err = t.clock.read(x.number, x.names.end, finish); err != nil {
		return false, err
	}
	typ, err := x.outcome(word)
	if err != nil {
		return false, err
	}
	kind := Value{Kind: Text, Text: string(typ)}
	switch {
	case typ == history.OK:
		t.passed.saysOK(x)
	case typ != "":
	case word != "": // it is no outcome
		kind = x.value(kindField, onLine)
	case done.Time == NoTime:
		kind.Text = string(history.Info)
	default:
		kind.Text = string(history.OK)
		t.passed.saysOK(x)
	}
	if done.Value, done.Bare, done.Answer = x.result(); x.absent(history.Type(plain(kind))) {
		done.Value, done.Bare, done.Absent = Value{}, false, true
	}
	if err := typed(&done, x.number, kind, f, x.names); err != nil {
		return false, err
	}
	switch {
	case done.Type == history.Info:
		done.Time = e.Time // nothing depends on when the client gave up
	case done.Time == NoTime:
		return false, wrong(x.number, "the record is %s, but has no time in its field end", done.Type)
	case done.Time < e.Time:
		return false, wrong(x.number, "the operation ends at %s, before it starts at %s", finish.v, x.value(startField, onLine))
	}
	t.end, t.ends = done, true
	return true, nil
}

// operation returns the name of the operation that a line calls.
func (x *line) operation() (Value, error) {
	f := x.get(operationField, onLine|inInput)
	switch {
	case f == nil && (x.has&(1<<startField) != 0 || x.inside(inInput)):
		what := "call"
		if x.has&(1<<startField) != 0 {
			what = "record"
		}
		return Value{}, wrong(x.number, "the %s does not name its operation: expected a field f or op, or one in the input, as in {\"op\":\"write\",\"value\":3}", what)
	case f == nil:
		return Value{}, nil
	case f.v.Kind == Int: // the user has to say what it means
		return Value{Kind: Text, Text: f.v.String()}, nil
	}
	return f.v, nil
}

// argument returns what an operation was called with, and whether the line does not say it.
func (x *line) argument() (v Value, bare bool) {
	if old := x.get(fromField, onLine|inInput); old != nil {
		changed := x.get(toField, onLine|inInput)
		if changed == nil {
			changed = x.get(valueField, onLine|inInput)
		}
		if changed != nil {
			return Value{Kind: Map, Items: []Value{{Kind: Text, Text: "from"}, old.v, {Kind: Text, Text: "to"}, changed.v}}, false
		}
	}
	f := x.get(valueField, inInput)
	if f == nil {
		f = x.get(valueField, onLine)
	}
	if f == nil {
		return Value{}, true
	}
	return f.v, false
}

// result returns what an operation answered, whether the line does not say it, and whether it is an answer and not
// perhaps what the operation was called with.
func (x *line) result() (v Value, bare, apart bool) {
	found := x.get(foundField, onLine|inOutput)
	if found != nil && found.v.Kind == Bool && found.v.Int == 0 {
		return Value{}, false, true
	}
	if f := x.get(valueField, inOutput); f != nil {
		return f.v, false, true
	}
	if found != nil && x.value(valueField, onLine).Kind == Nil { // what was found is not said
		return Value{}, true, true
	}
	if f := x.get(valueField, onLine); f != nil {
		return f.v, false, x.has&(1<<startField) != 0
	}
	f := x.get(outputField, onLine)
	return Value{}, f == nil, f != nil
}

// inside reports whether a line has fields in a place.
func (x *line) inside(at place) bool {
	return slices.ContainsFunc(x.fields, func(f field) bool { return f.at == at })
}
