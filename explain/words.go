package explain

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
)

// narrator turns a history's events into steps.
type narrator struct {
	h     *history.History
	s     *Scene
	lived map[history.ID]time.Duration // when the counterexample last shows a session alive
}

// Maximum lengths of texts from histories, in characters.
const (
	mostKey   = 40
	mostValue = 120
	mostError = 120
)

func client(n int) string { return "client " + strconv.Itoa(n) }

// problem says why an operation did not succeed, if that is known.
func problem(e *history.Event) string {
	if e.Error == nil {
		return ""
	}
	text := e.Error.Code
	if e.Error.Message != "" && e.Error.Message != e.Error.Code {
		text = strings.TrimPrefix(text+": "+e.Error.Message, ": ")
	}
	return " (" + printable.Text(strings.ReplaceAll(text, "\n", "; "), mostError) + ")"
}

// operation adds a step for an operation.
func (t *narrator) operation(op *history.Operation) {
	st := Step{
		Row: op.Client, Who: client(op.Client), From: op.Began(), To: Never, At: op.Began(),
		Fate: op.Outcome(), f: op.F, does: t.model().Operation(op.F), key: op.Key, index: op.Invoke.Index, op: op,
	}
	if op.Return != nil {
		st.To = op.Return.Time
	}
	w, v, ok := t.model().Tell(op)
	if !ok {
		w = anything(op)
	}
	st.Name, st.id, st.held, st.taken, st.item, st.parts = w.Name, v.Token, v.Held, v.Accepted, v.Item, v.Parts
	if op.Outcome() == history.OK && !w.Early {
		st.At, st.index = op.Return.Time, op.Return.Index
	}
	st.Text = sentence(w, op, &st)
	t.s.Add(st)
}

func (t *narrator) model() *models.Model { return models.Of(t.h) }

// sentence fills in the times.
func sentence(w models.Words, op *history.Operation, st *Step) func(Clock) string {
	who, from, to, why := st.Who, st.From, st.To, ""
	if op.Return != nil {
		why = problem(op.Return)
	}
	return func(clock Clock) string {
		begin := who + " " + w.Asked + " at " + clock(from)
		switch {
		case op.Return == nil:
			return begin + " and never got an answer: the outcome is unknown"
		case op.Outcome() == history.OK && clock(from) == clock(to):
			return strings.TrimSuffix(begin+" and "+w.Done, " and ")
		case op.Outcome() == history.OK && w.Done == "":
			return begin + ", done at " + clock(to)
		case op.Outcome() == history.OK:
			return begin + " and " + w.Done + " at " + clock(to)
		case op.Outcome() == history.Fail:
			return begin + " and " + w.Refused + " at " + clock(to) + why
		}
		return begin + "; its call ended at " + clock(to) + why + ", and the outcome is unknown"
	}
}

// anything returns words for an operation whose model has none for it.
func anything(op *history.Operation) models.Words {
	in := facts(op.Invoke.Value)
	call := op.F
	if in != "" {
		call += "(" + in + ")"
	}
	w := models.Words{
		Name: printable.Text(call, 30), Asked: "called " + printable.Text(call, mostKey+mostValue), Done: "it was done", Refused: "it failed",
	}
	if op.Key != "" {
		w.Asked += " of " + models.Key(op.Key)
	}
	if op.Outcome() == history.OK {
		if out := facts(op.Return.Value); out != "" {
			w.Done = "got " + out
			if in == "" {
				w.Name = printable.Text(op.F+": "+out, 30)
			}
		}
	}
	return w
}

// facts formats a value for people, without control characters.
func facts(raw json.RawMessage) string { return printable.Text(Facts(raw), mostValue) }

// Facts formats a value for people: {"held":true,"token":"0x5"} becomes "held, token 0x5", and
// {"votes":["yes","no"]} becomes "votes yes, no". It does not remove control characters.
func Facts(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	switch t, err := d.Token(); {
	case err != nil:
		return string(raw)
	case t == json.Delim('['):
		return inList(raw)
	case t != json.Delim('{'):
		if text, is := t.(string); is {
			return text
		}
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

// inList formats the values of a list for people.
func inList(raw json.RawMessage) string {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return string(raw)
	}
	out := make([]string, 0, len(all))
	for _, one := range all {
		out = append(out, nested(one))
	}
	return strings.Join(out, ", ")
}

// nested formats a value within another one for people.
func nested(raw json.RawMessage) string {
	text := Facts(raw)
	switch {
	case text == "":
		return "nothing"
	case raw[0] == '{':
		return "(" + text + ")"
	}
	return text
}

func factOf(key string, raw json.RawMessage) string {
	switch string(raw) {
	case "true":
		return key
	case "false":
		return "not " + key
	}
	return key + " " + nested(raw)
}

// fact adds a fact of the run or of a session.
func (t *narrator) fact(e *history.Event) {
	st := Step{Row: e.Client, Who: client(e.Client), From: e.Time, To: e.Time, At: e.Time, f: e.F, key: e.Key, index: e.Index, id: e.Session}
	if e.Process == history.Nemesis {
		st.Row, st.Who = -1, "harness"
	}
	session := "its session " + e.Session.String()
	text := func(of string) { st.Text = func(clock Clock) string { return of + " at " + clock(st.At) } }
	switch e.F {
	case history.FExpired:
		st.Name, st.Death = "told: expired", true
		text(st.Who + " learned that " + session + " had expired")
	case history.FDead:
		st.Name, st.Death = "dead", true
		st.Text = func(clock Clock) string {
			return "the session " + e.Session.String() + " of " + st.Who + " was certainly over by " + clock(st.At)
		}
	case history.FOvertaken:
		addOvertaken(e, &st)
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
		text(st.Who + " reported that its hold of " + models.Key(e.Key) + " was lost")
	case history.FRenewed:
		st.Name = "new subject"
		text(st.Who + " got a new subject of " + models.Key(e.Key))
	case history.FMade:
		var v history.Made
		_ = e.Decode(&v)
		st.Name = "New"
		st.Text = func(clock Clock) string {
			return fmt.Sprintf("New was called for %s of %s at %s, while the client had no session, and returned at %s", models.Key(e.Key), st.Who, clock(v.Began), clock(st.At))
		}
	case history.FUnreturned:
		var v history.Unreturned
		_ = e.Decode(&v)
		st.Name = "not returned"
		st.Text = func(clock Clock) string {
			return fmt.Sprintf("%s of %s by %s had not returned at %s, though its context had ended at %s", v.Of, models.Key(e.Key), st.Who, clock(st.At), clock(v.Until))
		}
	case history.FDrained:
		var of string
		st.Name, of = drained(e)
		text(of)
	case history.FAgreement:
		st.Name = "servers compared"
		text("the servers were compared with each other")
	case history.FWatches:
		st.Name = "watches listed"
		text("the servers listed the watches that were set")
	case history.FTreeWatch:
		st.Name = "tree watch"
		text("what zklab's own watches saw change was recorded")
	case history.FFinal:
		addFinal(e, &st)
	case history.FEvent:
		watchEvent(e, &st)
	default:
		t.other(e, &st)
	}
	t.s.Add(st)
}

// drained names and describes the last look at a queue.
func drained(e *history.Event) (name, text string) {
	var v models.Drained
	_ = e.Decode(&v)
	if v.Empty {
		return "found empty", "a final check found " + models.Key(e.Key) + " empty"
	}
	return "drained", fmt.Sprintf("a final check found %d left in %s", v.Left, models.Key(e.Key))
}

// addOvertaken makes a step of requests whose replies came after the reply to a later one.
func addOvertaken(e *history.Event, st *Step) {
	var v history.Overtaken
	_ = e.Decode(&v)
	what := make([]string, len(v.Requests))
	for i, q := range v.Requests {
		what[i] = q.Op
	}
	st.Name = "overtaken"
	st.Text = func(clock Clock) string {
		return "a later " + v.By.Op + " of " + st.Who + " was answered before its " + strings.Join(what, ", ") + " at " + clock(st.At)
	}
}

// addFinal makes a step of the look at an object after the load.
func addFinal(e *history.Event, st *Step) {
	var v models.Final
	_ = e.Decode(&v)
	if r := v.Register; r != nil {
		st.Name = "final read"
		st.Text = func(clock Clock) string {
			return fmt.Sprintf("a final read of %s found %s (version %d) at %s", models.Key(e.Key), models.Quoted(r.Value), r.Version, clock(st.At))
		}
		return
	}
	st.Name = "final list"
	what := "contenders for "
	if !slices.ContainsFunc(v.Contenders, func(c models.Contender) bool { return c.Owner != 0 }) {
		what = "znodes directly below "
	}
	st.Text = func(clock Clock) string {
		return "the list of " + what + models.Key(e.Key) + " was read at " + clock(st.At) + contenders(v.Contenders)
	}
}

// contenders describes the contents of a list.
func contenders(cs []models.Contender) string {
	if len(cs) == 0 {
		return " and was empty"
	}
	const some = 3
	cs = slices.SortedStableFunc(slices.Values(cs), func(x, y models.Contender) int { return cmp.Compare(inLine(x.Name), inLine(y.Name)) })
	var names []string
	for _, c := range cs[:min(some, len(cs))] {
		name := printable.Text(c.Name, mostKey)
		if c.Owner == 0 {
			name += " (persistent)"
		} else {
			name += " of session " + c.Owner.String()
		}
		names = append(names, name)
	}
	text := " and showed " + strings.Join(names, ", ")
	if n := len(cs) - some; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// inLine returns the sort key of a name: its sequence number if it has one.
func inLine(name string) string {
	const digits = 10
	if n := len(name) - digits; n > 0 && strings.Trim(name[n:], "0123456789") == "" {
		return name[n:]
	}
	return name
}

// other adds a fact that shows a session alive or new, or that has no special words.
func (t *narrator) other(e *history.Event, st *Step) {
	if e.Alive != 0 && e.Process == history.SessionProcess && slices.Contains([]string{history.FConnected, history.FDisconnected}, e.F) {
		showAlive(e, st)
		return
	}
	if e.Process == history.SessionProcess && e.F == history.FConnected {
		st.Name = "connected"
		st.Text = func(clock Clock) string {
			return st.Who + " was connected in session " + e.Session.String() + " at " + clock(st.At)
		}
		return
	}
	if e.Process == history.Nemesis {
		st.Who = "the harness"
	}
	what := facts(e.Value)
	st.Name = printable.Text(e.F, 20)
	st.Text = func(clock Clock) string {
		text := st.Who + " recorded " + printable.Text(e.F, mostKey)
		if what != "" {
			text += " (" + what + ")"
		}
		return text + " at " + clock(st.At)
	}
}

// alive adds the time at which an event shows its session alive.
func (t *narrator) alive(e *history.Event) {
	st := Step{Row: e.Client, Who: client(e.Client), f: e.F, index: e.Index}
	showAlive(e, &st)
	t.s.Add(st)
}

// showAlive makes a step of the time at which a session was alive.
func showAlive(e *history.Event, st *Step) {
	st.Name, st.At, st.From, st.To, st.key = "alive", e.Alive, e.Alive, e.Alive, ""
	st.Text = func(clock Clock) string {
		return "the session " + e.Session.String() + " of " + client(e.Client) + " was still alive at " + clock(st.At) + ": a quorum answered a request that it sent then"
	}
}
