package adapter

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// honest is the name of the fake without a defect.
const honest = "honest"

// fake is a defect: what is changed of the lines to and from a Serve. A line
// becomes those that are returned.
type fake struct {
	in  func(b []byte, r request) [][]byte
	out func(b []byte, r reply) [][]byte
	// atEnd is done at the end of the input.
	atEnd func()
}

// own are zklab's own subjects, of each recipe that can be served.
var own = Subjects{Name: "fake", Recipes: ownRecipes()}

func ownRecipes() map[string]subjects.Maker {
	makers := map[string]subjects.Maker{}
	for _, recipe := range workloads.Recipes() {
		w, err := workloads.Named(recipe, workloads.Own)
		if err != nil {
			panic(err)
		}
		if s, ok := w.(workloads.Served); ok {
			makers[recipe] = s.Maker()
		}
	}
	return makers
}

// runFake is the main function of the fake adapter.
func runFake(defect string) {
	f, ok := fakes[defect]
	if !ok {
		fmt.Fprintf(os.Stderr, "no such defect: %s\n", defect)
		os.Exit(9)
	}
	fmt.Fprintf(os.Stderr, "a fake, %s\n", defect)
	in, feed := io.Pipe()
	out := &filtered{f: f}
	go func() {
		lines := bufio.NewReader(os.Stdin)
		for {
			b, err := lines.ReadBytes('\n')
			if err != nil {
				break
			}
			var r request
			_ = json.Unmarshal(b, &r)
			if f.in == nil {
				_, _ = feed.Write(b)
				continue
			}
			for _, l := range f.in(b, r) {
				_, _ = feed.Write(l)
			}
		}
		if f.atEnd != nil {
			f.atEnd()
		}
		feed.Close()
	}()
	if err := Serve(context.Background(), in, out, own); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// filtered is standard output behind a fake.
type filtered struct{ f fake }

func (w *filtered) Write(b []byte) (int, error) {
	lines := [][]byte{b}
	if w.f.out != nil {
		var r reply
		_ = json.Unmarshal(b, &r)
		lines = w.f.out(b, r)
	}
	say(lines...)
	return len(b), nil
}

var saying sync.Mutex

func say(lines ...[]byte) {
	saying.Lock()
	defer saying.Unlock()
	for _, l := range lines {
		_, _ = os.Stdout.Write(l)
	}
}

// same leaves a line as it is; encode makes one.
func same(b []byte) [][]byte { return [][]byte{b} }

func encode(v any) []byte {
	b, err := line(v)
	if err != nil {
		panic(err)
	}
	return b
}

// asked are the requests that a fake has read, by id.
var asked sync.Map

func note(b []byte, r request) [][]byte {
	asked.Store(r.ID, what(r))
	return same(b)
}

// what is asked for: an operation of an object by its name, other requests by theirs.
func what(r request) string {
	if r.Op == opCall {
		return r.Operation
	}
	return r.Op
}

func opOf(id int64) string {
	op, _ := asked.Load(id)
	s, _ := op.(string)
	return s
}

// onOp changes requests with one op.
func onOp(op string, change func(b []byte, r request) [][]byte) func([]byte, request) [][]byte {
	return func(b []byte, r request) [][]byte {
		note(b, r)
		if what(r) == op {
			return change(b, r)
		}
		return same(b)
	}
}

// onAnswer changes answers to requests with one op.
func onAnswer(op string, change func(b []byte, r reply) [][]byte) func([]byte, reply) [][]byte {
	return func(b []byte, r reply) [][]byte {
		if r.ID != 0 && opOf(r.ID) == op {
			return change(b, r)
		}
		return same(b)
	}
}

func okTo(r request) []byte { return encode(reply{ID: r.ID, OK: &result{}}) }

func drop([]byte, request) [][]byte { return nil }

// fakes are the defects.
var fakes = map[string]fake{
	honest: {},
	"says hello": {in: note, out: onAnswer(history.FAcquire, func(b []byte, _ reply) [][]byte {
		return [][]byte{[]byte("acquired!\n"), b}
	})},
	"answers nothing after open": {in: note, out: func(b []byte, r reply) [][]byte {
		if opOf(r.ID) == opOpen {
			return same(b)
		}
		return nil
	}},
	"does not open":           {in: onOp(opOpen, drop)},
	"dies at acquire":         {in: onOp(history.FAcquire, func([]byte, request) [][]byte { fmt.Fprintln(os.Stderr, "out of memory"); os.Exit(3); return nil })},
	"dies of garbage":         {in: func(b []byte, r request) [][]byte { return orDie(b, r) }},
	"wrong id":                {in: note, out: onAnswer(history.FAcquire, func(_ []byte, r reply) [][]byte { r.ID += 1000; return same(encode(r)) })},
	"answers twice":           {in: note, out: onAnswer(history.FRelease, func(b []byte, _ reply) [][]byte { return [][]byte{b, b} })},
	"ok and error":            {in: note, out: onAnswer(history.FRelease, func(_ []byte, r reply) [][]byte { r.Error = &failure{}; return same(encode(r)) })},
	"ignores cancel":          {in: onOp(opCancel, drop)},
	"ignores an early cancel": {in: func(b []byte, r request) [][]byte { return unlessEarly(b, r) }},
	"never lost":              {out: func(b []byte, r reply) [][]byte { return unless(r.Event != "", b) }},
	"lost at release":         {in: note, out: func(b []byte, r reply) [][]byte { return lostAtRelease(b, r) }},
	"unknown event":           {in: note, out: onAnswer(history.FRelease, func(b []byte, _ reply) [][]byte { return [][]byte{encode(reply{Event: "Lost", Object: 1, Hold: 1}), b} })},
	"another version":         {in: note, out: onAnswer(opOpen, func(_ []byte, r reply) [][]byte { return answered(r, func(ok *result) { ok.Version = Version + 1 }) })},
	"any version":             {in: onOp(opOpen, func(_ []byte, r request) [][]byte { r.Version = Version; return same(encode(r)) })},
	"offers more": {in: note, out: onAnswer(opMake, func(_ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Offers = append(ok.Offers, "fencing") })
	})},
	"no token": {in: note, out: onAnswer(history.FAcquire, func(_ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`{"session":"0x1"}`) })
	})},
	"same token": {in: note, out: onAnswer(history.FAcquire, func(_ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`{"token":"0x7","session":"0x1"}`) })
	})},
	"lives on":           {atEnd: func() { time.Sleep(time.Hour) }},
	"does not quit":      {in: onOp(opQuit, drop), atEnd: func() { time.Sleep(time.Hour) }},
	"quits with a crash": {in: note, out: onAnswer(opQuit, func(b []byte, _ reply) [][]byte { say(b); os.Exit(1); return nil })},
	"leaves its session": {in: onOp(opQuit, func(_ []byte, r request) [][]byte { say(okTo(r)); os.Exit(0); return nil })},
	"another value": {in: note, out: onAnswer(history.FAcquire, func(_ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`7`) })
	})},
	"quits for good": {in: onOp(opQuit, func(b []byte, _ request) [][]byte { quitting = true; return same(b) }), out: func(b []byte, _ reply) [][]byte {
		if quitting {
			say(b)
			os.Exit(0)
		}
		return same(b)
	}},
	"does everything":  {in: onOp("frobnicate", func(_ []byte, r request) [][]byte { say(okTo(r)); return nil })},
	"knows everything": {in: onOp("frobnicate", func(_ []byte, r request) [][]byte { say(okTo(r)); return nil })},
	"one at a time":    {in: oneAtATime, out: oneDone},
	"text items": {in: note, out: onAnswer(history.FDequeue, func(_ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) {
			var item []byte
			_ = json.Unmarshal(ok.Value, &item)
			ok.Value, _ = json.Marshal(bytes.ToValidUTF8(item, []byte("?")))
		})
	})},
	"no marks": {in: note, out: onAnswer(opMake, func(_ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`{"items":"entry"}`) })
	})},
	"drops priorities": {in: onOp(history.FEnqueue, func(b []byte, _ request) [][]byte {
		return same(bytes.Replace(b, []byte(`"priority":`), []byte(`"prio":`), 1))
	})},
	"drops due times": {in: onOp(history.FEnqueue, func(b []byte, _ request) [][]byte {
		return same(bytes.Replace(b, []byte(`"due":`), []byte(`"dew":`), 1))
	})},
	"feigns touch": {in: onOp(opTouch, func(_ []byte, r request) [][]byte { say(okTo(r)); return nil })},
	"two holders": {in: onOp(history.FAcquire, func(_ []byte, r request) [][]byte {
		say(encode(reply{ID: r.ID, OK: &result{Value: json.RawMessage(`{"token":"0x1","session":"0x1"}`)}}))
		return nil
	})},
	"cancels in name": {in: cancelInName, out: notAgain},
	"another leader": {in: note, out: onAnswer(history.FLeader, func(_ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`"x"`) })
	})},
	"leads in advance": {in: note, out: onAnswer(history.FLeader, func(_ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`"0"`) })
	})},
	"lost as it comes": {in: note, out: onAnswer(history.FAcquire, func(b []byte, r reply) [][]byte {
		return [][]byte{encode(reply{Event: eventLost, Object: 1, Hold: r.ID}), b}
	})},
	"closes its output": {in: onOp(history.FAcquire, func([]byte, request) [][]byte { os.Stdout.Close(); time.Sleep(time.Hour); return nil })},
	"waits alone":       {in: onOp(history.FEnter, func(_ []byte, r request) [][]byte { say(okTo(r)); return nil })},
	"lets pass":         {in: onOp(history.FAwait, func(_ []byte, r request) [][]byte { say(okTo(r)); return nil })},
}

var quitting bool

// unlessEarly drops a cancel that comes right after its request.
func unlessEarly(b []byte, r request) [][]byte {
	if r.Op != opCancel {
		asked.Store(r.ID, time.Now())
		return same(b)
	}
	at, _ := asked.Load(r.ID)
	began, ok := at.(time.Time)
	return unless(ok && time.Since(began) < aWhile/2, b)
}

func unless(not bool, b []byte) [][]byte {
	if not {
		return nil
	}
	return same(b)
}

// answered changes an answer that is ok.
func answered(r reply, change func(*result)) [][]byte {
	if r.OK != nil {
		change(r.OK)
	}
	return same(encode(r))
}

func orDie(b []byte, r request) [][]byte {
	if r.Op == "" {
		panic("planted: cannot read this")
	}
	return same(b)
}

var lastAcquire int64

// lostAtRelease tells that a hold is lost, in good time before its release is answered.
func lostAtRelease(b []byte, r reply) [][]byte {
	switch opOf(r.ID) {
	case history.FAcquire:
		lastAcquire = r.ID
	case history.FRelease:
		return [][]byte{encode(reply{Event: eventLost, Object: 1, Hold: lastAcquire}), b}
	}
	return same(b)
}

// oneAtATime reads on when the last request has been answered.
var turn = make(chan struct{}, 1)

func oneAtATime(b []byte, r request) [][]byte {
	if r.Op != opCancel && r.Op != "" {
		turn <- struct{}{}
	}
	return same(b)
}

func oneDone(b []byte, r reply) [][]byte {
	if r.ID != 0 {
		<-turn
	}
	return same(b)
}

// cancelInName answers that a request was cancelled, which goes on.
func cancelInName(b []byte, r request) [][]byte {
	if r.Op != opCancel {
		return note(b, r)
	}
	if op := opOf(r.ID); op == history.FDequeue || op == history.FAcquire {
		asked.Store(r.ID, "over")
		say(encode(reply{ID: r.ID, Error: &failure{Code: "cancelled"}}))
		return nil
	}
	return same(b)
}

func notAgain(b []byte, r reply) [][]byte { return unless(opOf(r.ID) == "over", b) }

// faking is the command of the fake adapter with a defect.
func faking(t testing.TB, defect string) (command, env []string) {
	t.Helper()
	if _, ok := fakes[defect]; !ok {
		t.Fatalf("no such defect: %s", defect)
	}
	return []string{self(t)}, []string{fakeEnv + "=" + defect}
}

func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
