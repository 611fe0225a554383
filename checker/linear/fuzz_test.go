package linear

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/testkit/allocs"
)

// FuzzLoad loads anything as any model, in bounded memory, and decides it. If a history
// is short enough to try all orders, these must give the same verdict.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"{:process 0 :type :invoke :f :write :value 1}\n{:process 0 :type :info :f :write :value 1}\n{:process 1 :type :invoke :f :read}\n{:process 1 :type :ok :f :read :value 1}\n",
		"{:process 0 :type :invoke :f :cas :value [nil 2]}\n{:process 1 :type :invoke :f :write :value 1}\n{:process 0 :type :ok :f :cas :value [nil 2]}\n{:process 1 :type :ok :f :write}\n",
		"{:process 0 :type :invoke :f :append :key \"a\" :value \"x\"}\n{:process 0 :type :ok :f :append}\n{:process 0 :type :invoke :f :get :key \"a\"}\n{:process 0 :type :ok :f :get :value \"x\"}\n",
		"{:process 0 :type :invoke :f :acquire}\n{:process 0 :type :ok :f :acquire}\n{:process 0 :type :invoke :f :release}\n{:process 1 :type :invoke :f :acquire :value 2}\n{:process 1 :type :ok :f :acquire}\n",
		"{:process 0 :type :invoke :f :enqueue :value 2}\n{:process 0 :type :ok :f :enqueue}\n{:process 1 :type :invoke :f :dequeue}\n{:process 2 :type :invoke :f :drain}\n{:process 1 :type :ok :f :dequeue :value 2}\n{:process 2 :type :ok :f :drain :value [1 2]}\n",
		"{:process 0 :type :invoke :f :add :value 2}\n{:process 0 :type :ok :f :add :value 2}\n{:process 1 :type :invoke :f :read}\n{:process 1 :type :ok :f :read :value #{2 3}}\n",
		"{:process 0 :type :invoke :f :add :value 2}\n{:process 0 :type :ok :f :add :value 2}\n{:process 1 :type :invoke :f :read}\n{:process 1 :type :ok :f :read :value 2}\n{:process 1 :type :invoke :f :increment}\n",
		"INFO  jepsen.util - 0\t:invoke\t:cas\t[3 0]\nINFO  jepsen.util - 0\t:fail\t:cas\t[3 0]\n",
		`{"process":0,"type":"invoke","f":"write","value":["k",1],"time":1}` + "\n" + `{"process":0,"type":"ok","f":"write","value":["k",1],"time":1}` + "\n",
		`{"process":0,"f":"write","value":1,"start":5,"end":9}` + "\n" + `{"process":0,"f":"read","value":1,"start":1,"end":5}` + "\n",
		"{:process 0 :type :invoke :f :transfer}\n{:process 1 :type :invoke :f :read}\n{:process 1 :type :ok :f :read :value {0 1, 1 -1}}\n",
		"{:process 0 :type :invoke :f :generate :time 2}\n{:process 1 :type :invoke :f :generate :time 1}\n{:process 1 :type :ok :f :generate :value 1 :time 3}\n",
	} {
		for i := range kinds {
			f.Add(byte(i), []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, which byte, text []byte) {
		kind := kinds[int(which)%len(kinds)]
		m := Model{name: kind.name, parameter: 1 + int64(which)/int64(len(kinds)), kind: kind}
		r, err := foreign.NewReader(bytes.NewReader(text), foreign.Auto)
		if err != nil {
			return
		}
		var h *History
		allocs.Within(t, len(text), 2000, func() { h, err = Load(context.Background(), r, m, LoadOptions{}) })
		if err != nil {
			var le *foreign.LineError
			if !errors.As(err, &le) || le.Line < 1 || le.Reason == "" {
				t.Fatalf("error without a line: %v", err)
			}
			return
		}
		decideAnything(t, h)
	})
}

// decideAnything checks a history, and compares each short key with all orders.
func decideAnything(t *testing.T, h *History) {
	const short = 7
	got := Check(context.Background(), h, Options{Budget: 2 * time.Second, Memory: 64 << 20})
	want := checker.Valid
	for i, ops := range h.ops {
		k := &object{ctx: context.Background(), h: h, key: i, ops: ops, ranks: h.ranks[i], initial: h.initials[i], permits: int32(h.Model.parameter), scratch: &scratch{}}
		if len(ops) > short || !plain(k) {
			return
		}
		if !brute(k) {
			want = checker.Violation
		}
	}
	if want == checker.Valid && h.OK == 0 && !h.has(mismatch) {
		want = checker.Unknown // nothing is known to have happened
	}
	if h.Operations > 0 && got.Verdict != want {
		for i := range h.ops {
			t.Log((&object{h: h, key: i, ops: h.ops[i], ranks: h.ranks[i]}).dump())
		}
		t.Fatalf("%s, want %s: %+v", got.Verdict, want, got.Verdicts)
	}
}

// plain reports whether plainModel has everything that a key's operations do.
func plain(k *object) bool {
	if k.h.Model.kind.machine == nil {
		return false
	}
	if k.h.Model.kind.name == "final-set" && k.lastRead() == none || k.initial != 0 {
		return false
	}
	for i := range k.ops {
		switch o := &k.ops[i]; o.code {
		case extend:
			return false
		case acquire, release:
			if o.a != 1 {
				return false
			}
		case enqueue, dequeue:
			if o.a > 1000 || k.h.Model.kind.name == "priority-queue" {
				return false // there, values were given in rising order
			}
		}
	}
	return true
}
