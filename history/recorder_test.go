package history

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) {
	if os.Getenv(crashEnv) != "" {
		recordUntilKilled()
	}
	testmain.Main(m)
}

var lockHeader = Header{Model: "lock", Params: Params{Clients: 5, Servers: 3, SessionTimeout: 4 * time.Second}}

// safeBuffer is a writer that can be looked at while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func mustRead(t *testing.T, text string) *History {
	t.Helper()
	return must.Get(Read(strings.NewReader(text)))(t)
}

func acquire(client int, typ Type) Event {
	return Event{Process: Process(client), Client: client, Type: typ, F: "acquire", Key: "k"}
}

func TestRecorderWritesWhatReadReturns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r := must.Get(Create(path, lockHeader))(t)
	recorded := []Event{
		r.Record(acquire(0, Invoke)),
		r.Record(Event{
			Client: 0, Type: OK, F: "acquire", Key: "k", Value: Value(grant{Token: 7}),
			Session: 0x1a4, Zxid: 9, Alive: 5, Seen: 9, Intended: 3,
		}),
		r.Record(acquire(1, Invoke)),
		r.Record(Event{
			Process: 1, Client: 1, Type: Info, F: "acquire", Key: "k",
			Error: &Error{Code: "connection-loss", Message: "zk: \"gone\"\n\xff"},
		}),
		r.Record(Event{Process: SessionProcess, Client: 1, Type: Info, F: FExpired, Session: -1}),
	}
	must.Do(t, r.Close())
	h := must.Get(Open(path))(t)
	if !h.Complete || h.Truncated || len(h.Damage) > 0 {
		t.Errorf("complete %v, truncated %v, damage %v", h.Complete, h.Truncated, h.Damage)
	}
	if d := cmp.Diff(r.Header(), h.Header); d != "" {
		t.Errorf("header: %s", d)
	}
	recorded[3].Error.Message = "zk: \"gone\"\n\ufffd" // JSON replaces the invalid byte
	if d := cmp.Diff(recorded, h.Events[1:len(h.Events)-1]); d != "" {
		t.Errorf("events (recorded -, read +): %s", d)
	}
}

func TestCreateOverwritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	must.Do(t, os.WriteFile(path, []byte("precious"), 0o600))
	if _, err := Create(path, lockHeader); !errors.Is(err, os.ErrExist) {
		t.Errorf("error is %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "precious" {
		t.Errorf("the file is now %q", b)
	}
}

func TestInvokeIsWrittenAtOnceAndTheRestSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b safeBuffer
		r := NewRecorder(&b, lockHeader)
		r.Record(acquire(0, Invoke))
		if got := len(mustRead(t, b.String()).Events); got != 2 {
			t.Errorf("%d events are written after an invoke, want 2", got)
		}
		r.Record(acquire(0, OK))
		if got := len(mustRead(t, b.String()).Events); got != 2 {
			t.Errorf("%d events are written: a completion made its caller wait", got)
		}
		time.Sleep(99 * time.Millisecond)
		synctest.Wait()
		if got := len(mustRead(t, b.String()).Events); got != 3 {
			t.Errorf("%d events are written 99 ms after a completion, want 3", got)
		}
		r.Record(acquire(1, Invoke))
		r.Record(acquire(1, OK))
		time.Sleep(99 * time.Millisecond)
		synctest.Wait()
		if got := len(mustRead(t, b.String()).Events); got != 5 {
			t.Errorf("%d events are written 99 ms after the second completion, want 5", got)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestOrdersAgreeForManyWorkers(t *testing.T) {
	var b safeBuffer
	r := NewRecorder(&b, lockHeader)
	const workers, each = 20, 100
	var seen []int
	r.Observe(func(e Event) { seen = append(seen, e.Index) })
	work(workers, func(w int) {
		for range each {
			before := r.Now()
			e := r.RecordLate(acquire(w, Invoke), func() any { return held{Held: true} })
			if e.Time < before || e.Time > r.Now() {
				t.Errorf("event %d has time %v, recorded after %v", e.Index, e.Time, before)
			}
			r.Record(acquire(w, OK))
		}
	})
	must.Do(t, r.Close())
	h := mustRead(t, b.String())
	if len(h.Events) != 2*workers*each+2 || !h.Complete || h.Damage != nil {
		t.Errorf("%d events, complete %v, damage %v", len(h.Events), h.Complete, h.Damage)
	}
	if len(seen) != len(h.Events)-1 {
		t.Errorf("the observer saw %d events, want %d", len(seen), len(h.Events)-1)
	}
	for i, index := range seen {
		if index != i+1 {
			t.Fatalf("the observer saw event %d at place %d", index, i+1)
		}
	}
}

// work runs f on n goroutines and waits for them.
func work(n int, f func(worker int)) {
	var wg sync.WaitGroup
	for w := range n {
		wg.Go(func() { f(w) })
	}
	wg.Wait()
}

func TestInvokeIsInTheFileWhenRecordReturns(t *testing.T) {
	var b safeBuffer
	r := NewRecorder(&b, lockHeader)
	work(10, func(w int) {
		for range 20 {
			e := r.Record(acquire(w, Invoke))
			if h := mustRead(t, b.String()); len(h.Events) <= e.Index {
				t.Errorf("event %d is not among the %d in the file", e.Index, len(h.Events))
			}
		}
	})
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestRecordLateLooksAfterTheTimeWasTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b safeBuffer
		r := NewRecorder(&b, lockHeader)
		var looked time.Duration
		var others sync.WaitGroup
		e := r.RecordLate(Event{Type: Invoke, F: "release"}, func() any {
			others.Go(func() { r.Record(acquire(1, Invoke)) })
			time.Sleep(time.Millisecond)
			looked = r.Now()
			return held{Held: true}
		})
		others.Wait()
		if e.Time >= looked {
			t.Errorf("the time is %v, the value of %v", e.Time, looked)
		}
		if string(e.Value) != `{"held":true}` {
			t.Errorf("value is %s", e.Value)
		}
		r.Close()
		h := mustRead(t, b.String())
		if got := h.Events[1]; got.F != "release" || !bytes.Equal(got.Value, e.Value) || h.Damage != nil {
			t.Errorf("the file has %+v, damage %v", got, h.Damage)
		}
	})
}

func TestRecordLateSurvivesItsValue(t *testing.T) {
	var b safeBuffer
	r := NewRecorder(&b, lockHeader)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of the value is gone")
			}
		}()
		r.RecordLate(acquire(0, Invoke), func() any { panic("lock is nil") })
	}()
	r.Record(acquire(1, Invoke))
	r.RecordLate(acquire(2, Invoke), func() any { return make(chan int) })
	if err := r.Close(); err == nil {
		t.Error("a value that is no JSON gave no error")
	}
	if h := mustRead(t, b.String()); len(h.Events) != 5 || h.Damage != nil {
		t.Errorf("%d events, damage %v", len(h.Events), h.Damage)
	}
}

func TestWhatCannotBeEncodedIsLeftOutAndTold(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	for name, e := range map[string]Event{
		"value is no JSON": {Type: Invoke, F: "write", Value: []byte("{")},
		"value is long":    {Type: Invoke, F: "write", Value: Value(long)},
		"error is long":    {Type: Invoke, F: "write", Error: &Error{Code: "other", Message: long}},
		"key is long":      {Type: Invoke, F: "write", Key: long},
	} {
		t.Run(name, func(t *testing.T) {
			var b safeBuffer
			r := NewRecorder(&b, lockHeader)
			r.Record(e)
			if err := r.Close(); err == nil {
				t.Error("no error")
			}
			h := mustRead(t, b.String())
			if len(h.Events) != 3 || h.Events[1].F != "write" || h.Damage != nil {
				t.Errorf("%d events, damage %v", len(h.Events), h.Damage)
			}
		})
	}
}

// fullDisk takes some bytes and then no more.
type fullDisk struct {
	bytes.Buffer
	room int
}

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	n := max(0, min(len(p), d.room))
	switch { // let the disk end inside a line, whatever the lengths of lines
	case n == len(p):
	case n == 0 || p[n-1] == '\n':
		n++
	case p[n] == '\n':
		n--
	}
	d.room -= n
	d.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestFullDisk(t *testing.T) {
	d := &fullDisk{room: 2000}
	r := NewRecorder(d, lockHeader)
	work(10, func(w int) {
		for range 50 {
			r.Record(acquire(w, Invoke))
			r.Record(acquire(w, OK))
		}
	})
	if !errors.Is(r.Err(), errFull) {
		t.Errorf("Err is %v", r.Err())
	}
	d.room = 1 << 20 // there is room again: still nothing may follow half a line
	r.Record(acquire(0, Invoke))
	for range 2 {
		if err := r.Close(); !errors.Is(err, errFull) {
			t.Errorf("Close gives %v", err)
		}
	}
	h := mustRead(t, d.String())
	if !h.Truncated || h.Complete || h.Damage != nil {
		t.Errorf("truncated %v, complete %v, damage %v", h.Truncated, h.Complete, h.Damage)
	}
}

func TestRecordAfterClose(t *testing.T) {
	var b safeBuffer
	r := NewRecorder(&b, lockHeader)
	r.Observe(func(e Event) {
		if e.F == "acquire" {
			t.Error("an observer saw an event from after Close")
		}
	})
	must.Do(t, r.Close())
	before := b.String()
	if e := r.Record(acquire(0, Invoke)); e.Index != -1 {
		t.Errorf("index is %d", e.Index)
	}
	r.RecordLate(acquire(0, Invoke), func() any { return nil })
	r.Observe(func(Event) { t.Error("observed after Close") })
	if err := errors.Join(r.Flush(), r.Close()); err != nil {
		t.Error(err)
	}
	if b.String() != before {
		t.Error("something was written after Close")
	}
}

func TestCloseDuringRecording(t *testing.T) {
	var b safeBuffer
	r := NewRecorder(&b, lockHeader)
	work(8, func(w int) {
		for i := range 200 {
			if w == 0 && i == 100 {
				r.Close()
			}
			r.Record(acquire(w, Invoke))
			r.Record(acquire(w, OK))
		}
	})
	if h := mustRead(t, b.String()); !h.Complete || h.Damage != nil {
		t.Errorf("complete %v, damage %v", h.Complete, h.Damage)
	}
}

func TestObserversSeeWhatFollowsInOrder(t *testing.T) {
	var b safeBuffer
	r := NewRecorder(&b, lockHeader)
	var first, second []string
	echoed := make(chan struct{})
	r.Record(Event{Process: Nemesis, Client: -1, Type: Info, F: "unseen"})
	r.Observe(func(e Event) {
		first = append(first, e.F)
		if e.F == "a" {
			r.Record(Event{Process: Nemesis, Client: -1, Type: Info, F: "echo"})
			close(echoed)
		}
	})
	r.Record(Event{Process: Nemesis, Client: -1, Type: Info, F: "a"})
	<-echoed
	r.Observe(func(e Event) { second = append(second, e.F) })
	r.Record(Event{Process: Nemesis, Client: -1, Type: Info, F: "b"})
	r.Close()
	if d := cmp.Diff([]string{"a", "echo", "b", FEnd}, first); d != "" {
		t.Errorf("first observer: %s", d)
	}
	if d := cmp.Diff([]string{"b", FEnd}, second); d != "" {
		t.Errorf("second observer: %s", d)
	}
}

func TestSlowObserverDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b safeBuffer
		r := NewRecorder(&b, lockHeader)
		r.Observe(func(Event) { time.Sleep(time.Second) })
		for range 10 {
			r.Record(acquire(0, Invoke))
			r.Record(acquire(0, OK))
		}
		if now := r.Now(); now != 0 {
			t.Errorf("20 events took %v beside a slow observer", now)
		}
		r.Close()
	})
}

func TestObserverSeesNothingFromBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b safeBuffer
		r := NewRecorder(&b, lockHeader)
		r.Observe(func(Event) { time.Sleep(time.Second) })
		for range 3 {
			r.Record(acquire(0, Invoke)) // waits for the slow observer
		}
		var seen []int
		r.Observe(func(e Event) { seen = append(seen, e.Index) })
		after := r.Record(acquire(0, OK)).Index
		r.Close()
		if d := cmp.Diff([]int{after, after + 1}, seen); d != "" {
			t.Error(d)
		}
	})
}

// countingWriter counts writes.
type countingWriter struct{ writes int }

func (w *countingWriter) Write(p []byte) (int, error) {
	w.writes++
	return len(p), nil
}

// TestCrowdSharesWrites: with many operations under way, the invocations that are ready share a write,
// although a write takes no time in which they could gather. A lone client waits for no others.
func TestCrowdSharesWrites(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const each = 50
	for clients, most := range map[int]int{1: each, 100: 100 * each / 10} {
		synctest.Test(t, func(t *testing.T) { // so that no record is written because time passes
			var w countingWriter
			r := NewRecorder(&w, lockHeader)
			before := w.writes
			work(clients, func(i int) {
				for range each {
					r.Record(Event{Process: Process(i), Client: i, Type: Invoke, F: "acquire"})
					runtime.Gosched() // let the call begin
					r.Record(Event{Process: Process(i), Client: i, Type: OK, F: "acquire"})
				}
			})
			if n := w.writes - before; n > most {
				t.Errorf("%d clients make %d writes for %d operations", clients, n, clients*each)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
