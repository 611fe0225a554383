package adapter

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// dialogue is a Serve in virtual time, with a writer for its requests.
type dialogue struct {
	t       *testing.T
	e       *embedded.Ensemble
	in      *io.PipeWriter
	replies chan reply
	done    chan error
}

// converse runs f against a Serve in a bubble, and waits for the end of the Serve.
func converse(t *testing.T, s Subjects, f func(d *dialogue)) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{InMemory: true}))(t)
		defer e.Close()
		s.Dial = e.Dial
		inR, inW := io.Pipe()
		outR, outW := io.Pipe()
		d := &dialogue{t: t, e: e, in: inW, replies: make(chan reply, 1000), done: make(chan error, 1)}
		go func() {
			d.done <- Serve(context.Background(), inR, outW, s)
			outW.Close()
			inR.Close()
		}()
		go func() {
			defer close(d.replies)
			for lines := bufio.NewScanner(outR); lines.Scan(); {
				var r reply
				if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
					t.Errorf("%s: %v", lines.Bytes(), err)
				}
				d.replies <- r
			}
		}()
		f(d)
		inW.Close()
		if err := <-d.done; err != nil {
			t.Error(err)
		}
		for r := range d.replies {
			t.Errorf("nobody asked for %+v", r)
		}
	})
}

func (d *dialogue) say(lines ...string) {
	d.t.Helper()
	for _, l := range lines {
		if _, err := io.WriteString(d.in, l+"\n"); err != nil {
			d.t.Fatal(err)
		}
	}
}

// hears requires the next answer to look like want.
func (d *dialogue) hears(want string) reply {
	d.t.Helper()
	r, ok := <-d.replies
	if !ok {
		d.t.Fatalf("nothing was said, instead of %s", want)
	}
	got := fmt.Sprintf("%d ok", r.ID)
	switch {
	case r.Error != nil:
		got = fmt.Sprintf("%d %s %s", r.ID, r.Error.Code, r.Error.Message)
	case r.Event != "":
		got = fmt.Sprintf("%s %d of %d", r.Event, r.Hold, r.Object)
	}
	if !strings.HasPrefix(got, want) {
		d.t.Fatalf("said was %q, wanted %q", got, want)
	}
	return r
}

func (d *dialogue) open() {
	d.t.Helper()
	servers, err := json.Marshal(d.e.Addrs())
	if err != nil {
		d.t.Fatal(err)
	}
	d.say(`{"id":1,"op":"open","version":2,"client":0,"timeout_ms":4000,"servers":` + string(servers) + `}`)
	d.hears("1 ok")
}

// A request that makes no sense, or comes at the wrong time, is refused without effect.
func TestServeRefuses(t *testing.T) {
	converse(t, own, func(d *dialogue) {
		for _, tt := range []struct{ say, hear string }{
			{`{"id":2,"op":"make","object":1,"recipe":"lock","path":"/a"}`, "2 bad-request it is not open"},
			{`{"id":3,"op":"touch","path":"/a"}`, "3 bad-request it is not open"},
			{`{"id":4,"op":"open","version":2}`, "4 bad-request open needs client, servers and timeout_ms"},
			{`{"id":5,"op":"open","version":3}`, "5 version this adapter speaks version 2, and was asked for 3"},
			{`{"id":0,"op":"call","operation":"acquire"}`, "0 bad-request a request needs an id"},
			{`{"op":"call","operation":"acquire"}`, "0 bad-request"},
			{`null`, "0 bad-request"},
			{``, "0 bad-request no request"},
			{`{"id":"7","op":"ping"}`, "0 bad-request no request"},
		} {
			d.say(tt.say)
			if r := d.hears(tt.hear); !r.Error.NoEffect {
				t.Errorf("%s: may have had an effect", tt.say)
			}
		}
		d.open()
		for _, tt := range []struct{ say, hear string }{
			{`{"id":20,"op":"open","version":2,"client":0,"timeout_ms":4000,"servers":["a:1"]}`, "20 bad-request it is open"},
			{`{"id":21,"op":"make","object":1,"recipe":"lock"}`, "21 bad-request make needs an object"},
			{`{"id":22,"op":"make","object":1,"recipe":"lick","path":"/a"}`, "22 unsupported"},
			{`{"id":23,"op":"make","object":1,"recipe":"lock","path":"/a"}`, "23 ok"},
			{`{"id":24,"op":"make","object":1,"recipe":"lock","path":"/a"}`, "24 bad-request there is an object 1"},
			{`{"id":25,"op":"call","operation":"dequeue","object":1}`, "25 unknown-op object 1 has no"},
			{`{"id":26,"op":"frobnicate","object":1}`, "26 unknown-op there is no request"},
			{`{"id":27,"op":"call","operation":"acquire","object":2}`, "27 bad-request there is no object 2"},
			{`{"id":28,"op":"make","object":3,"recipe":"queue","path":"no slash"}`, "28 ok"},
			{`{"id":29,"op":"call","operation":"enqueue","object":3,"value":"eA=="}`, "29 error put no slash"},
			{`{"id":30,"op":"call","operation":"enqueue","object":3,"value":"not base64"}`, `30 bad-request bad value: "not base64"`},
			{`{"id":31,"op":"close","object":1}`, "31 ok"},
			{`{"id":32,"op":"close","object":1}`, "32 bad-request there is no object 1"},
			{`{"id":33,"op":"make","object":1,"recipe":"barrier","path":"/b"}`, "33 ok"},
		} {
			d.say(tt.say)
			d.hears(tt.hear)
		}
	})
}

// Serve handles one request of an object at a time, each with an id of its own, but
// answers a ping in between.
func TestServeOneAtATime(t *testing.T) {
	converse(t, own, func(d *dialogue) {
		d.open()
		d.say(`{"id":2,"op":"make","object":1,"recipe":"queue","path":"/q"}`)
		d.hears("2 ok")
		d.say(`{"id":3,"op":"call","operation":"dequeue","object":1}`)
		synctest.Wait()
		d.say(`{"id":4,"op":"call","operation":"enqueue","object":1,"value":"eA=="}`)
		d.hears("4 bad-request another request of this object")
		d.say(`{"id":3,"op":"call","operation":"dequeue","object":1}`)
		d.hears("3 bad-request a request needs an id of its own")
		d.say(`{"id":5,"op":"ping"}`)
		d.hears("5 ok")
		d.say(`{"id":99,"op":"cancel"}`, `{"id":3,"op":"cancel"}`)
		d.hears("3 cancelled")
		d.say(`{"id":6,"op":"call","operation":"enqueue","object":1,"value":"eA=="}`)
		d.hears("6 ok")
		d.say(`{"id":7,"op":"call","operation":"dequeue","object":1}`)
		if r := d.hears("7 ok"); string(r.OK.Value) != `"eA=="` {
			t.Errorf("%s", r.OK.Value)
		}
	})
}

// jumpy is a lock that panics, or that returns only when back is closed.
type jumpy struct{ back chan struct{} }

func (j *jumpy) Lock(context.Context) error { panic("over the cliff") }
func (j *jumpy) Unlock(context.Context) error {
	<-j.back
	return nil
}

// A panic of the subject is an error of the call; other calls go on.
func TestServePanic(t *testing.T) {
	var logged string
	j := &jumpy{}
	s := Subjects{
		Recipes: map[string]subjects.Maker{"lock": contracts.ServeOn(contracts.Locks, func(*subjects.Client, string) (subjects.Lock, error) { return j, nil })},
		Logf:    func(format string, args ...any) { logged += fmt.Sprintf(format, args...) },
	}
	converse(t, s, func(d *dialogue) {
		d.open()
		d.say(`{"id":2,"op":"make","object":1,"recipe":"lock","path":"/a"}`)
		if r := d.hears("2 ok"); len(r.OK.Offers) != 0 {
			t.Errorf("offers %q", r.OK.Offers)
		}
		d.say(`{"id":3,"op":"call","operation":"acquire","object":1}`)
		if r := d.hears("3 panic the subject panicked: over the cliff"); r.Error.NoEffect {
			t.Error("nobody can know that there was no effect")
		}
		d.say(`{"id":4,"op":"call","operation":"leader","object":1}`)
		d.hears("4 unknown-op")
		d.say(`{"id":5,"op":"quit"}`)
		d.hears("5 ok")
	})
	if !strings.Contains(logged, "serve_test.go") {
		t.Errorf("the place is not in the log: %.200s", logged)
	}
}

// A call that never returns does not keep the process from ending.
func TestServeEndsAlthoughStuck(t *testing.T) {
	j := &jumpy{}
	s := Subjects{Recipes: map[string]subjects.Maker{"lock": contracts.ServeOn(contracts.Locks, func(*subjects.Client, string) (subjects.Lock, error) { return j, nil })}}
	var ended time.Duration
	converse(t, s, func(d *dialogue) {
		j.back = make(chan struct{})
		d.open()
		d.say(`{"id":2,"op":"make","object":1,"recipe":"lock","path":"/a"}`)
		d.hears("2 ok")
		d.say(`{"id":3,"op":"call","operation":"release","object":1}`, `{"id":3,"op":"cancel"}`)
		began := time.Now()
		d.say(`{"id":4,"op":"quit"}`)
		d.hears("4 ok")
		ended = time.Since(began)
		close(j.back)
		synctest.Wait() // an answer too late for the session is not sent any more
	})
	if ended > 2*endMoment+endRest {
		t.Errorf("it took %s", ended)
	}
}

// A lost hold is reported once, and only while it lasts.
func TestServeTellsLoss(t *testing.T) {
	converse(t, own, func(d *dialogue) {
		d.open()
		d.say(`{"id":2,"op":"make","object":1,"recipe":"lock","path":"/a"}`)
		d.hears("2 ok")
		d.say(`{"id":3,"op":"call","operation":"acquire","object":1}`)
		d.hears("3 ok")
		for _, s := range d.e.Servers() {
			if err := d.e.Server(s.ID()).Pause(d.t.Context()); err != nil {
				d.t.Fatal(err)
			}
		}
		began := time.Now()
		d.hears("lost 3 of 1")
		if took := time.Since(began); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("told after %s of silence, with a timeout of 4s", took)
		}
		for _, s := range d.e.Servers() {
			if err := d.e.Server(s.ID()).Resume(d.t.Context()); err != nil {
				d.t.Fatal(err)
			}
		}
		d.say(`{"id":4,"op":"call","operation":"acquire","object":1}`)
		d.hears("4 ok")
		d.say(`{"id":5,"op":"close","object":1}`) // which ends the hold without a loss
		d.hears("5 ok")
		time.Sleep(time.Minute)
	})
}

// Serve ends when its answers are not read any more.
func TestServeWithoutReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inR, inW := io.Pipe()
		outR, outW := io.Pipe()
		outR.Close()
		done := make(chan error, 1)
		go func() { done <- Serve(t.Context(), inR, outW, own); inR.Close() }()
		for range 2 {
			_, _ = io.WriteString(inW, `{"id":1,"op":"ping"}`+"\n")
		}
		if err := <-done; !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
	})
}

// After quit, Serve accepts another client, in a new session and with new objects.
func TestServeAnotherClient(t *testing.T) {
	converse(t, own, func(d *dialogue) {
		d.open()
		d.say(`{"id":2,"op":"make","object":1,"recipe":"lock","path":"/a"}`)
		d.hears("2 ok")
		d.say(`{"id":3,"op":"call","operation":"acquire","object":1}`)
		first := d.hears("3 ok")
		d.say(`{"id":4,"op":"quit"}`)
		d.hears("4 ok")
		d.say(`{"id":5,"op":"call","operation":"release","object":1}`)
		d.hears("5 bad-request there is no object 1")
		servers := must.Get(json.Marshal(d.e.Addrs()))(t)
		d.say(`{"id":6,"op":"open","version":2,"client":1,"timeout_ms":4000,"servers":` + string(servers) + `}`)
		d.hears("6 ok")
		d.say(`{"id":7,"op":"make","object":1,"recipe":"lock","path":"/a"}`)
		d.hears("7 ok")
		began := time.Now()
		d.say(`{"id":8,"op":"call","operation":"acquire","object":1}`)
		if second := d.hears("8 ok"); string(second.OK.Value) == string(first.OK.Value) {
			t.Errorf("the same hold: %s", second.OK.Value)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("the first client's session was not closed: the lock took %s", took)
		}
	})
}
