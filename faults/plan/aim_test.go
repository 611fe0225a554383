package plan

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/link"
)

// messages returns the messages of so many operations of two clients, in order. A client reconnects before each
// tenth operation.
func messages(operations int) (all []link.Point) {
	for i := range operations {
		p := link.Point{Client: i % 2, Operation: "acquire", Nth: i/2 + 1}
		add := func(message string, which int) {
			for _, reply := range []bool{false, true} {
				for _, after := range []bool{false, true} {
					p := p
					p.Message, p.Which, p.Reply, p.After = message, which, reply, after
					all = append(all, p)
				}
			}
		}
		if i%20 < 2 {
			add(link.Connect, 1)
		}
		add("create", 1)
		add("getChildren", 1)
		add("getChildren", 2)
	}
	return all
}

// aimedAt returns the steps that an aim has for some messages, one of which comes every ten
// milliseconds.
func aimedAt(s Schedule, seed uint64, at []link.Point) (steps []Step, times []time.Duration) {
	a := newAim(s.Plan(time.Second, rand.New(rand.NewPCG(seed, 0))), 0)
	for i, p := range at {
		if now := time.Duration(i) * 10 * time.Millisecond; a.wants(p, now) {
			steps, times = append(steps, a.take(p)), append(times, now)
		}
	}
	return steps, times
}

// Every fault is injected at every kind of point where that is possible, no fault follows another too early, and
// only the seed decides.
func TestAim(t *testing.T) {
	const gap = 50 * time.Millisecond
	s := Aim(gap, faults.LoseReply{}, faults.LoseRequest{}, faults.Expire{}, faults.LateRequest{}, faults.LateRequest{Repeated: true})
	type met struct {
		fault, message string
		which          int
		reply, first   bool
	}
	seen := map[met]int{}
	for seed := range uint64(10) {
		all := messages(400)
		steps, times := aimedAt(s, seed, all)
		again, _ := aimedAt(s, seed, all)
		if diff := cmp.Diff(steps, again, cmp.AllowUnexported(Step{})); diff != "" {
			t.Fatal(diff)
		}
		for i, step := range steps {
			if err := step.Check(); err != nil {
				t.Error(err)
			}
			if since := times[i] - times[max(i-1, 0)]; i > 0 && since < gap || times[i] < gap {
				t.Errorf("%s at %s, %s after the last one", step, times[i], since)
			}
			p := step.Point
			seen[met{step.Fault.Spec(), p.Message, p.Which, p.Reply, p.Nth%10 == 1}]++
		}
	}
	for _, first := range []bool{false, true} {
		for _, want := range []met{
			{"lose-request", "create", 1, false, first},
			{"late-request", "create", 1, false, first},
			{"late-request:repeated=true", "create", 1, false, first},
			{"lose-reply", "create", 1, true, first},
			{"expire", "create", 1, true, first},
			{"lose-reply", "getChildren", 2, true, first},
			{"lose-request", "getChildren", 1, false, first},
		} {
			if seen[want] == 0 {
				t.Errorf("never met: %+v, of %v", want, seen)
			}
		}
	}
	if n := seen[met{"late-request", "getChildren", 1, false, false}]; n > 0 {
		t.Errorf("a read was held back %d times", n)
	}
}

// An aim can be written and read back, without faults that cannot be injected at messages.
func TestAimWritten(t *testing.T) {
	s := must.Get(Parse("aimed,lose-reply,late-request:repeated=true+2s", time.Second))(t)
	again := must.Get(Parse(s.String(), time.Second))(t)
	if diff := cmp.Diff(s, again, cmp.AllowUnexported(Turn{}, Part{})); diff != "" || s[0].Order != Aimed {
		t.Errorf("%s: %s", s, diff)
	}
	if _, err := Parse("aimed,touch", time.Second); err == nil || err.Error() != `"aimed,touch": position 1: touch cannot be injected at messages, where aimed faults are` {
		t.Error(err)
	}
	mixed := must.Get(Parse("pause:leader,lose-reply,touch,expire@3s", time.Second))(t)
	var parts []string
	for _, part := range mixed.Aimed() {
		parts = append(parts, Schedule{part}.String())
	}
	if diff := cmp.Diff([]string{"expire@3s+500ms", "aimed,lose-reply", "pause:leader,touch"}, parts); diff != "" {
		t.Error(diff)
	}
}
