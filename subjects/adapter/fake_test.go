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

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// honest is the name of the fake without a defect.
const honest = "honest"

// fake is a defect: it changes the lines to and from a Serve. Each function returns the
// lines that replace a line.
type fake struct {
	in      func(_ *player, b []byte, r request) [][]byte
	out     func(_ *player, b []byte, r reply) [][]byte
	lingers bool      // stays after the end of its input
	serves  *Subjects // nil means own
}

// own are zklab's own subjects, one for each recipe that can be served.
var own = Subjects{Name: "fake", Recipes: ownRecipes()}

func ownRecipes() map[string]subjects.Maker {
	makers := map[string]subjects.Maker{}
	for _, recipe := range specimens.Recipes() {
		w, err := specimens.Named(recipe, workloads.Own)
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
	over, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	g := &player{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, exit: os.Exit, over: over.Done()}
	g.exit(g.play(defect))
}

// player plays a fake: in a process of its own, or in the test's process (see staged).
type player struct {
	stdin          io.Reader
	stdout, stderr io.WriteCloser
	dial           zk.Dialer
	exit           func(code int)  // does not return
	over           <-chan struct{} // closed when no test waits for the player any more

	feed   *io.PipeWriter // the input of the Serve
	saying sync.Mutex
	asked  sync.Map // the requests that the player read, by id
	turn   chan struct{}

	quitting    bool
	lastAcquire int64
}

// play returns the exit code.
func (g *player) play(defect string) (code int) {
	f, ok := fakes[defect]
	if !ok {
		fmt.Fprintf(g.stderr, "no such defect: %s\n", defect)
		return 9
	}
	fmt.Fprintf(g.stderr, "a fake, %s\n", defect)
	g.turn = make(chan struct{}, 1)
	var in *io.PipeReader
	in, g.feed = io.Pipe()
	defer in.Close()
	go g.read(f)
	subjects := own
	if f.serves != nil {
		subjects = *f.serves
	}
	subjects.Dial = g.dial
	if err := Serve(context.Background(), in, &filtered{g, f}, subjects); err != nil {
		fmt.Fprintln(g.stderr, err)
		return 1
	}
	return 0
}

// read passes standard input on to the Serve.
func (g *player) read(f fake) {
	defer g.feed.Close()
	lines := bufio.NewReader(g.stdin)
	for {
		b, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var r request
		_ = json.Unmarshal(b, &r)
		if f.in == nil {
			_, _ = g.feed.Write(b)
			continue
		}
		for _, l := range f.in(g, b, r) {
			_, _ = g.feed.Write(l)
		}
	}
	if f.lingers {
		<-g.over
	}
}

// filtered is the output of a Serve, which a fake changes on its way to standard
// output.
type filtered struct {
	g *player
	f fake
}

func (w *filtered) Write(b []byte) (int, error) {
	lines := [][]byte{b}
	if w.f.out != nil {
		var r reply
		_ = json.Unmarshal(b, &r)
		lines = w.f.out(w.g, b, r)
	}
	w.g.say(lines...)
	return len(b), nil
}

func (g *player) say(lines ...[]byte) {
	g.saying.Lock()
	defer g.saying.Unlock()
	for _, l := range lines {
		_, _ = g.stdout.Write(l)
	}
}

// same returns a line as it is; encode makes a line.
func same(b []byte) [][]byte { return [][]byte{b} }

func encode(v any) []byte {
	b, err := line(v)
	if err != nil {
		panic(err)
	}
	return b
}

func note(g *player, b []byte, r request) [][]byte {
	g.asked.Store(r.ID, what(r))
	return same(b)
}

// what returns the name of a request: that of the operation in a call, and the op of
// other requests.
func what(r request) string {
	if r.Op == opCall {
		return r.Operation
	}
	return r.Op
}

func (g *player) opOf(id int64) string {
	op, _ := g.asked.Load(id)
	s, _ := op.(string)
	return s
}

// onOp changes requests with one op.
func onOp(op string, change func(g *player, b []byte, r request) [][]byte) func(*player, []byte, request) [][]byte {
	return func(g *player, b []byte, r request) [][]byte {
		note(g, b, r)
		if what(r) == op {
			return change(g, b, r)
		}
		return same(b)
	}
}

// onAnswer changes answers to requests with one op.
func onAnswer(op string, change func(g *player, b []byte, r reply) [][]byte) func(*player, []byte, reply) [][]byte {
	return func(g *player, b []byte, r reply) [][]byte {
		if r.ID != 0 && g.opOf(r.ID) == op {
			return change(g, b, r)
		}
		return same(b)
	}
}

func okTo(r request) []byte { return encode(reply{ID: r.ID, OK: &result{}}) }

func drop(*player, []byte, request) [][]byte { return nil }

// fakes are the defects by name.
var fakes = map[string]fake{
	honest: {},
	"says hello": {in: note, out: onAnswer(models.FAcquire, func(_ *player, b []byte, _ reply) [][]byte {
		return [][]byte{[]byte("acquired!\n"), b}
	})},
	"answers nothing after open": {in: note, out: func(g *player, b []byte, r reply) [][]byte {
		if g.opOf(r.ID) == opOpen {
			return same(b)
		}
		return nil
	}},
	"does not open": {in: onOp(opOpen, drop)},
	"dies at acquire": {in: onOp(models.FAcquire, func(g *player, _ []byte, _ request) [][]byte {
		fmt.Fprintln(g.stderr, "out of memory")
		g.exit(3)
		return nil
	})},
	"dies of garbage":         {in: func(g *player, b []byte, r request) [][]byte { return orDie(g, b, r) }},
	"wrong id":                {in: note, out: onAnswer(models.FAcquire, func(_ *player, _ []byte, r reply) [][]byte { r.ID += 1000; return same(encode(r)) })},
	"answers twice":           {in: note, out: onAnswer(models.FRelease, func(_ *player, b []byte, _ reply) [][]byte { return [][]byte{b, b} })},
	"ok and error":            {in: note, out: onAnswer(models.FRelease, func(_ *player, _ []byte, r reply) [][]byte { r.Error = &failure{}; return same(encode(r)) })},
	"ignores cancel":          {in: onOp(opCancel, drop)},
	"ignores an early cancel": {in: func(g *player, b []byte, r request) [][]byte { return unlessEarly(g, b, r) }},
	"never lost":              {out: func(_ *player, b []byte, r reply) [][]byte { return unless(r.Event != "", b) }},
	"lost at release":         {in: note, out: func(g *player, b []byte, r reply) [][]byte { return lostAtRelease(g, b, r) }},
	"unknown event": {in: note, out: onAnswer(models.FRelease, func(_ *player, b []byte, _ reply) [][]byte {
		return [][]byte{encode(reply{Event: "Lost", Object: 1, Hold: 1}), b}
	})},
	"no version": {in: note, out: onAnswer(opOpen, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Version = 0 })
	})},
	"another version": {in: note, out: onAnswer(opOpen, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Version = Version + 1 })
	})},
	"any version": {in: onOp(opOpen, func(_ *player, _ []byte, r request) [][]byte { r.Version = Version; return same(encode(r)) })},
	"offers more": {in: note, out: onAnswer(opMake, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Offers = append(ok.Offers, "fencing") })
	})},
	"no token": {in: note, out: onAnswer(models.FAcquire, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`{"session":"0x1"}`) })
	})},
	"same token": {in: note, out: onAnswer(models.FAcquire, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`{"token":"0x7","session":"0x1"}`) })
	})},
	"lives on":           {lingers: true},
	"does not quit":      {in: onOp(opQuit, drop), lingers: true},
	"quits with a crash": {in: note, out: onAnswer(opQuit, func(g *player, b []byte, _ reply) [][]byte { g.say(b); g.exit(1); return nil })},
	"leaves its session": {in: onOp(opQuit, func(g *player, _ []byte, r request) [][]byte { g.say(okTo(r)); g.exit(0); return nil })},
	"another value": {in: note, out: onAnswer(models.FAcquire, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`7`) })
	})},
	"quits for good": {in: onOp(opQuit, func(g *player, b []byte, _ request) [][]byte { g.quitting = true; return same(b) }), out: func(g *player, b []byte, _ reply) [][]byte {
		if g.quitting {
			g.say(b)
			g.exit(0)
		}
		return same(b)
	}},
	"does everything":  {in: onOp("frobnicate", func(g *player, _ []byte, r request) [][]byte { g.say(okTo(r)); return nil })},
	"knows everything": {in: onOp("frobnicate", func(g *player, _ []byte, r request) [][]byte { g.say(okTo(r)); return nil })},
	"one at a time":    {in: oneAtATime, out: oneDone},
	"text items": {in: note, out: onAnswer(models.FDequeue, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) {
			var item []byte
			_ = json.Unmarshal(ok.Value, &item)
			ok.Value, _ = json.Marshal(bytes.ToValidUTF8(item, []byte("?")))
		})
	})},
	"no marks": {in: note, out: onAnswer(opMake, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`{"items":"entry"}`) })
	})},
	"drops priorities": {in: onOp(models.FEnqueue, func(_ *player, b []byte, _ request) [][]byte {
		return same(bytes.Replace(b, []byte(`"priority":`), []byte(`"prio":`), 1))
	})},
	"drops due times": {in: onOp(models.FEnqueue, func(_ *player, b []byte, _ request) [][]byte {
		return same(bytes.Replace(b, []byte(`"due":`), []byte(`"dew":`), 1))
	})},
	"feigns touch": {in: onOp(opTouch, func(g *player, _ []byte, r request) [][]byte { g.say(okTo(r)); return nil })},
	"two holders": {in: onOp(models.FAcquire, func(g *player, _ []byte, r request) [][]byte {
		g.say(encode(reply{ID: r.ID, OK: &result{Value: json.RawMessage(`{"token":"0x1","session":"0x1"}`)}}))
		return nil
	})},
	"cancels in name": {in: cancelInName, out: notAgain},
	"another leader": {in: note, out: onAnswer(models.FLeader, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`"x"`) })
	})},
	"leads in advance": {in: note, out: onAnswer(models.FLeader, func(_ *player, _ []byte, r reply) [][]byte {
		return answered(r, func(ok *result) { ok.Value = json.RawMessage(`"0"`) })
	})},
	"lost as it comes": {in: note, out: onAnswer(models.FAcquire, func(_ *player, b []byte, r reply) [][]byte {
		return [][]byte{encode(reply{Event: eventLost, Object: 1, Hold: r.ID}), b}
	})},
	"closes its output": {in: onOp(models.FAcquire, func(g *player, _ []byte, _ request) [][]byte { g.stdout.Close(); <-g.over; return nil })},
	"waits alone":       {in: onOp(models.FEnter, func(g *player, _ []byte, r request) [][]byte { g.say(okTo(r)); return nil })},
	"lets pass":         {in: onOp(models.FAwait, func(g *player, _ []byte, r request) [][]byte { g.say(okTo(r)); return nil })},
}

// unlessEarly drops a cancel that comes right after its request.
func unlessEarly(g *player, b []byte, r request) [][]byte {
	if r.Op != opCancel {
		g.asked.Store(r.ID, time.Now())
		return same(b)
	}
	at, _ := g.asked.Load(r.ID)
	began, ok := at.(time.Time)
	return unless(ok && time.Since(began) < aWhile/2, b)
}

func unless(not bool, b []byte) [][]byte {
	if not {
		return nil
	}
	return same(b)
}

// answered changes the result of a successful answer.
func answered(r reply, change func(*result)) [][]byte {
	if r.OK != nil {
		change(r.OK)
	}
	return same(encode(r))
}

func orDie(g *player, b []byte, r request) [][]byte {
	if r.Op == "" {
		fmt.Fprintln(g.stderr, "panic: planted: cannot read this")
		g.exit(2)
	}
	return same(b)
}

// lostAtRelease reports that a hold is lost, well before its release is answered.
func lostAtRelease(g *player, b []byte, r reply) [][]byte {
	switch g.opOf(r.ID) {
	case models.FAcquire:
		g.lastAcquire = r.ID
	case models.FRelease:
		return [][]byte{encode(reply{Event: eventLost, Object: 1, Hold: g.lastAcquire}), b}
	}
	return same(b)
}

// oneAtATime reads the next request only when the last one has been answered.
func oneAtATime(g *player, b []byte, r request) [][]byte {
	if r.Op != opCancel && r.Op != "" {
		select {
		case g.turn <- struct{}{}:
		case <-g.over:
		}
	}
	return same(b)
}

func oneDone(g *player, b []byte, r reply) [][]byte {
	if r.ID != 0 {
		select {
		case <-g.turn:
		case <-g.over:
		}
	}
	return same(b)
}

// cancelInName answers that a request was cancelled, although the request goes on.
func cancelInName(g *player, b []byte, r request) [][]byte {
	if r.Op != opCancel {
		return note(g, b, r)
	}
	if op := g.opOf(r.ID); op == models.FDequeue || op == models.FAcquire {
		g.asked.Store(r.ID, "over")
		g.say(encode(reply{ID: r.ID, Error: &failure{Code: "cancelled"}}))
		return nil
	}
	return same(b)
}

func notAgain(g *player, b []byte, r reply) [][]byte { return unless(g.opOf(r.ID) == "over", b) }

// faking returns the command of the fake adapter with a defect.
func faking(t testing.TB, defect string) (command, env []string) {
	t.Helper()
	if _, ok := fakes[defect]; !ok {
		t.Fatalf("no such defect: %s", defect)
	}
	return []string{self(t)}, []string{fakeEnv + "=" + defect}
}

func self(t testing.TB) string {
	t.Helper()
	path := must.Get(os.Executable())(t)
	return path
}
