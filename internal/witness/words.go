package witness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
)

// teller makes steps of a history's events.
type teller struct {
	h    *history.History
	s    *Scene
	ends map[int]time.Duration // by the index of a return that begins a stay: when its end was called for
}

// Lengths of what histories bring along, in characters.
const (
	mostKey   = 40
	mostItem  = 40
	mostValue = 120
	mostError = 120
)

func keyOf(key string) string {
	if key == "" {
		return "it"
	}
	return Clean(key, mostKey)
}

func client(n int) string { return "client " + strconv.Itoa(n) }

func inSession(id history.ID) string {
	if id == 0 {
		return ""
	}
	return " (session " + id.String() + ")"
}

func withToken(t history.ID) string {
	if t == 0 {
		return ""
	}
	return " with token " + t.String()
}

func quoted(item string) string { return `"` + Clean(item, mostItem) + `"` }

// problem is why an operation did not succeed, as far as it is known.
func problem(e *history.Event) string {
	if e.Error == nil {
		return ""
	}
	text := e.Error.Code
	if e.Error.Message != "" && e.Error.Message != e.Error.Code {
		text = strings.TrimPrefix(text+": "+e.Error.Message, ": ")
	}
	return " (" + Clean(text, mostError) + ")"
}

// operation adds an operation, whose events show its session alive at a moment.
func (t *teller) operation(op *history.Operation, alive time.Duration) {
	st := Step{
		Row: op.Client, Who: client(op.Client), From: op.Began(), To: Never, At: op.Began(),
		Fate: op.Outcome(), f: op.F, key: op.Key, index: op.Invoke.Index, proof: alive,
	}
	if op.Return != nil {
		st.To, st.returned, st.session = op.Return.Time, op.Return.Index, op.Return.Session
	}
	w := wordsFor(t.model(), op.F)
	st.Name = w.name
	if op.Outcome() == history.OK && !w.atTheStart {
		st.At, st.index = op.Return.Time, op.Return.Index
	}
	w.more(t, op, &st, &w)
	st.Text = w.sentence(op, &st)
	t.s.Add(st)
}

func (t *teller) model() string { return t.h.Header.Model }

// wording is how an operation is told. what is what was asked for, done what
// came of it; a call whose end matters, as a grant's does, stands there in the story.
type wording struct {
	name       string // in the drawing
	asked      string // asked for k1
	done       string // was granted it
	refused    string // was refused
	unknown    string // nobody knows whether it was granted
	atTheStart bool   // the call matters, not its end
	more       func(t *teller, op *history.Operation, st *Step, w *wording)
}

// sentence puts the moments in.
func (w wording) sentence(op *history.Operation, st *Step) func(Clock) string {
	who, from, to, why := st.Who, st.From, st.To, ""
	if op.Return != nil {
		why = problem(op.Return)
	}
	return func(clock Clock) string {
		begin := who + " " + w.asked + " at " + clock(from)
		switch {
		case op.Return == nil:
			return begin + " and never got an answer: " + w.unknown
		case op.Outcome() == history.OK && clock(from) == clock(to):
			return strings.TrimSuffix(begin+" and "+w.done, " and ")
		case op.Outcome() == history.OK && w.done == "":
			return begin + ", done at " + clock(to)
		case op.Outcome() == history.OK:
			return begin + " and " + w.done + " at " + clock(to)
		case op.Outcome() == history.Fail:
			return begin + " and " + w.refused + " at " + clock(to) + why
		}
		return begin + "; its call ended at " + clock(to) + why + ", and " + w.unknown
	}
}

func wordsFor(model, f string) wording {
	if w, ok := wordings[model+"/"+f]; ok {
		return w
	}
	if w, ok := registers[f]; ok && model == "register" {
		return w
	}
	switch model {
	case history.ModelLock, history.ModelElection, history.ModelQueue, history.ModelBarrier, history.ModelDoubleBarrier, "":
		if w, ok := wordings[f]; ok {
			return w
		}
	}
	return wording{more: anything}
}

// wordings are by operation, or by model and operation.
var wordings = map[string]wording{
	history.FAcquire: {
		name: "acquire", asked: "asked for %s", done: "was granted it", refused: "was refused",
		unknown: "nobody knows whether it was granted", more: granted,
	},
	history.ModelElection + "/" + history.FAcquire: {
		name: "stand", asked: "stood for %s", done: "was elected", refused: "was refused",
		unknown: "nobody knows whether it was elected", more: granted,
	},
	history.FRelease: {
		name: "release", asked: "began to release %s", refused: "was refused", atTheStart: true,
		unknown: "nobody knows whether it was released", more: released,
	},
	history.ModelElection + "/" + history.FRelease: {
		name: "resign", asked: "began to resign from %s", refused: "was refused", atTheStart: true,
		unknown: "nobody knows whether it had resigned", more: released,
	},
	history.FConfirm: {
		name: "confirm", asked: "was asked whether it still held %s", refused: "could not say",
		unknown: "it did not say", more: confirmed,
	},
	history.ModelElection + "/" + history.FConfirm: {
		name: "confirm", asked: "was asked whether it led %s", refused: "could not say",
		unknown: "it did not say", more: confirmed,
	},
	history.FWrite:  {name: "write", asked: "wrote to the resource that %s guards", refused: "was refused", unknown: "nobody knows whether it was written", more: wrote},
	history.FLeader: {name: "who?", asked: "asked who leads %s", refused: "was refused", unknown: "no answer is known", more: answered},
	history.FEnqueue: {
		name: "put", asked: "put", refused: "failed for certain", unknown: "nobody knows whether it went in", atTheStart: true, more: enqueued,
	},
	history.FDequeue: {name: "take", asked: "asked %s for an item", refused: "took none", unknown: "nobody knows whether it took one", more: dequeued},
	history.FRaise:   {name: "raise", asked: "raised the barrier %s", done: "had it up", refused: "was refused", unknown: "nobody knows whether it went up", more: onKey},
	history.FLift:    {name: "lift", asked: "began to lift the barrier %s", refused: "failed", unknown: "nobody knows whether it was lifted", atTheStart: true, more: onKey},
	history.FAwait:   {name: "await", asked: "came to the barrier %s", done: "passed", refused: "did not pass", unknown: "nobody knows whether it passed", more: onKey},
	history.FEnter:   {name: "enter", asked: "asked to enter %s", done: "was let in", refused: "was not let in", unknown: "nobody knows whether it got in", more: onKey},
	history.FLeave:   {name: "leave", asked: "asked to leave %s", done: "was let out", refused: "was not let out", unknown: "nobody knows whether it got out", more: onKey},
}

func onKey(_ *teller, op *history.Operation, st *Step, w *wording) {
	w.asked = strings.Replace(w.asked, "%s", keyOf(op.Key), 1)
}

func granted(t *teller, op *history.Operation, st *Step, w *wording) {
	onKey(t, op, st, w)
	if op.Outcome() != history.OK {
		return
	}
	var g history.Grant
	_ = op.Return.Decode(&g)
	w.done += withToken(g.Token) + inSession(op.Return.Session)
	st.id, st.held = g.Token, true
}

func released(t *teller, op *history.Operation, st *Step, w *wording) {
	onKey(t, op, st, w)
	v := history.Held{Held: true}
	_ = op.Invoke.Decode(&v)
	if st.held = v.Held; !v.Held {
		w.asked = "found that it no longer held " + keyOf(op.Key) + " when it wanted to give it up"
	}
}

func confirmed(t *teller, op *history.Operation, st *Step, w *wording) {
	onKey(t, op, st, w)
	var v history.Held
	if op.Outcome() == history.OK {
		_ = op.Return.Decode(&v)
	}
	st.held, st.id = v.Held, v.Token
	w.done = "said no"
	if v.Held {
		w.done = "said yes" + withToken(v.Token)
	}
}

func wrote(t *teller, op *history.Operation, st *Step, w *wording) {
	onKey(t, op, st, w)
	var g history.Grant
	_ = op.Invoke.Decode(&g)
	w.asked += withToken(g.Token)
	st.id = g.Token
	if op.Outcome() != history.OK {
		return
	}
	var v history.Written
	_ = op.Return.Decode(&v)
	if st.taken = v.Accepted; v.Accepted {
		w.done = fmt.Sprintf("had it accepted as write %d", v.Order)
	} else {
		w.done = "had it refused"
		st.Name = "write refused"
	}
}

func answered(t *teller, op *history.Operation, st *Step, w *wording) {
	onKey(t, op, st, w)
	v := history.Leader{Client: -1}
	if op.Outcome() == history.OK {
		_ = op.Return.Decode(&v)
	}
	w.done = "was told that nobody does"
	if v.Client >= 0 {
		w.done = "was told that " + client(v.Client) + " does"
		st.Name = fmt.Sprintf("told %d", v.Client)
	}
}

func enqueued(_ *teller, op *history.Operation, st *Step, w *wording) {
	var v history.Item
	_ = op.Invoke.Decode(&v)
	st.item = v.Item
	st.Name = "put " + Clean(v.Item, mostItem)
	w.asked = "put " + quoted(v.Item) + " into " + keyOf(op.Key)
	if op.Outcome() == history.Fail {
		w.asked = "tried to put " + quoted(v.Item) + " into " + keyOf(op.Key)
	}
}

func dequeued(t *teller, op *history.Operation, st *Step, w *wording) {
	onKey(t, op, st, w)
	if op.Outcome() != history.OK {
		return
	}
	var v history.Item
	_ = op.Return.Decode(&v)
	st.item = v.Item
	if st.item == "" {
		st.Name = "take: empty"
		w.done = "was told that there is none"
		return
	}
	st.Name = "take " + Clean(v.Item, mostItem)
	w.done = "got " + quoted(v.Item)
}

// registers are the words for operations on a register.
var registers = map[string]wording{
	"read":  {name: "read", refused: "failed", unknown: "no answer is known", more: onRegister},
	"write": {name: "write", done: "did", refused: "failed for certain", unknown: "nobody knows whether it was written", more: onRegister},
	"cas":   {name: "cas", done: "did", refused: "did not", unknown: "nobody knows whether it did", more: onRegister},
}

// registerValue is what goes into, and comes out of, an operation on a register.
type registerValue struct {
	Kind, Value, From, To string
	Version               int32
}

func onRegister(_ *teller, op *history.Operation, st *Step, w *wording) {
	var in, out registerValue
	_ = op.Invoke.Decode(&in)
	if op.Outcome() == history.OK {
		_ = op.Return.Decode(&out)
	}
	key := keyOf(op.Key)
	switch op.F {
	case "read":
		w.asked = "began a " + strings.TrimSpace(Clean(in.Kind, 20)+" read") + " of " + key
		w.done = "got " + quoted(out.Value)
		st.Name = "read"
		if op.Outcome() == history.OK {
			st.Name = "read " + Clean(out.Value, mostItem)
		}
	case "write":
		w.asked = "began to write " + quoted(in.Value) + " to " + key
		st.Name = "write " + Clean(in.Value, mostItem)
	default:
		w.asked = "tried to change " + key + " from " + quoted(in.From) + " to " + quoted(in.To)
		st.Name = "cas " + Clean(in.From, 12) + " " + Clean(in.To, 12)
	}
	if out.Version != 0 {
		w.done += fmt.Sprintf(" (version %d)", out.Version)
	}
}

// anything is an operation that no words are known for, of a model to come.
func anything(_ *teller, op *history.Operation, st *Step, w *wording) {
	in := facts(op.Invoke.Value)
	st.Name = Clean(strings.TrimSpace(op.F+" "+in), 30)
	w.asked = "called " + Clean(op.F, mostKey)
	if op.Key != "" {
		w.asked += " of " + keyOf(op.Key)
	}
	if in != "" {
		w.asked += " (" + in + ")"
	}
	w.refused, w.unknown = "it failed", "nobody knows whether it took effect"
	w.done = "it was done"
	if op.Outcome() == history.OK {
		if out := facts(op.Return.Value); out != "" {
			w.done = "got " + out
			if in == "" {
				st.Name = Clean(op.F+" "+out, 30)
			}
		}
	}
}

// facts is a value for people, clean.
func facts(raw json.RawMessage) string { return Clean(Facts(raw), mostValue) }

// Facts writes a value for people: {"held":true,"token":"0x5"} is "held, token 0x5".
// What stands in it is not cleaned.
func Facts(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return string(raw)
	}
	var out []string
	for d.More() {
		key, err := d.Token()
		var v json.RawMessage
		if err != nil || d.Decode(&v) != nil {
			return string(raw)
		}
		out = append(out, factOf(fmt.Sprint(key), v))
	}
	return strings.Join(out, ", ")
}

func factOf(key string, raw json.RawMessage) string {
	var text string
	switch {
	case string(raw) == "true":
		return key
	case string(raw) == "false":
		return "not " + key
	case json.Unmarshal(raw, &text) == nil:
		return key + " " + text
	}
	return key + " " + string(raw)
}

// fact adds one fact of the run or of a session.
func (t *teller) fact(e *history.Event) {
	st := Step{Row: e.Client, Who: client(e.Client), From: e.Time, To: e.Time, At: e.Time, f: e.F, key: e.Key, index: e.Index, id: e.Session}
	if e.Process == history.Nemesis {
		st.Row, st.Who = -1, "harness"
	}
	session := "its session " + e.Session.String()
	text := func(of string) { st.Text = func(clock Clock) string { return of + " at " + clock(st.At) } }
	switch e.F {
	case history.FExpired:
		st.Name, st.Death = "told: expired", true
		text(st.Who + " was told that " + session + " had expired")
	case history.FDead:
		st.Name, st.Death = "dead", true
		st.Text = func(clock Clock) string {
			return "the session " + e.Session.String() + " of " + st.Who + " was certainly over by " + clock(st.At)
		}
	case history.FExited:
		var v history.Exited
		_ = e.Decode(&v)
		st.Name, st.Death = "process ended", true
		how := "the process of " + st.Who + " was killed"
		if v.By != history.ByCrash {
			how = "the process of " + st.Who + " ended by itself"
		}
		text(how)
	case history.FStarted:
		st.Name = "started"
		text("the process of " + st.Who + " began")
	case history.FLost:
		st.Name = "told: lost"
		text(st.Who + " reported that its hold of " + keyOf(e.Key) + " was lost")
	case history.FDrained:
		var v history.Drained
		_ = e.Decode(&v)
		st.Name = "found empty"
		text("a last look found " + keyOf(e.Key) + " empty")
		if !v.Empty {
			st.Name = "drained"
			text(fmt.Sprintf("a last look found %d left in %s", v.Left, keyOf(e.Key)))
		}
	case history.FFinal:
		var v history.Final
		_ = e.Decode(&v)
		if r := v.Register; r != nil {
			st.Name = "final read"
			text(fmt.Sprintf("a last read of %s found %s (version %d)", keyOf(e.Key), quoted(r.Value), r.Version))
			break
		}
		st.Name = "final list"
		st.Text = func(clock Clock) string {
			return "the list of contenders for " + keyOf(e.Key) + " was read at " + clock(st.At) + contenders(v.Contenders)
		}
	case history.FEvent:
		watchEvent(e, &st)
	default:
		t.other(e, &st)
	}
	t.s.Add(st)
}

// contenders is what a list showed.
func contenders(cs []history.Contender) string {
	if len(cs) == 0 {
		return " and was empty"
	}
	const some = 3
	var names []string
	for _, c := range cs[:min(some, len(cs))] {
		names = append(names, Clean(c.Name, mostKey)+" of session "+c.Owner.String())
	}
	text := " and showed " + strings.Join(names, ", ")
	if n := len(cs) - some; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// other is a fact that is in the witness because it shows a session alive, or
// one that no words are known for.
func (t *teller) other(e *history.Event, st *Step) {
	if e.Alive != 0 && e.Process == history.SessionProcess && slices.Contains([]string{history.FConnected, history.FDisconnected}, e.F) {
		showAlive(e, st)
		return
	}
	if e.Process == history.Nemesis {
		st.Who = "the harness"
	}
	what := facts(e.Value)
	st.Name = Clean(e.F, 20)
	st.Text = func(clock Clock) string {
		text := st.Who + " recorded " + Clean(e.F, mostKey)
		if what != "" {
			text += " (" + what + ")"
		}
		return text + " at " + clock(st.At)
	}
}

// alive adds the moment at which an event shows its session alive.
func (t *teller) alive(e *history.Event) {
	st := Step{Row: e.Client, Who: client(e.Client), f: e.F, index: e.Index}
	showAlive(e, &st)
	t.s.Add(st)
}

// showAlive makes a step of the moment at which a session was alive.
func showAlive(e *history.Event, st *Step) {
	st.Name, st.At, st.From, st.To, st.proof, st.key = "alive", e.Alive, e.Alive, e.Alive, e.Alive, ""
	st.Text = func(clock Clock) string {
		return "the session " + e.Session.String() + " of " + client(e.Client) + " still was alive at " + clock(st.At) + ": a quorum answered what it sent then"
	}
}
