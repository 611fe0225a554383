package counters

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
)

// explained tries all orders of steps.
func explained(steps []*step, done int, now int64) bool {
	open := false // a step that must take effect has not done so
	var latest time.Duration = forever
	for i, s := range steps {
		if done&(1<<i) == 0 {
			latest = min(latest, s.ret)
			open = open || s.kind == reads || s.kind == makes
		}
	}
	if !open {
		return true
	}
	for i, s := range steps {
		if done&(1<<i) != 0 || s.inv > latest {
			continue
		}
		next := now + 1
		switch s.kind {
		case reads:
			next = now
			if s.value != now {
				continue
			}
		case makes, might:
			if s.value != next {
				continue
			}
		}
		if explained(steps, done|1<<i, next) {
			return true
		}
	}
	return false
}

// draw makes some steps: those of a counter that works, with a mistake now and then, or
// arbitrary ones.
func draw(rng *rand.Rand) []*step {
	n := 1 + rng.IntN(8)
	steps := make([]*step, n)
	span := 2 + rng.IntN(14)
	if rng.IntN(3) == 0 { // an arbitrary answer
		for i := range steps {
			inv := time.Duration(rng.IntN(span))
			steps[i] = &step{inv: inv, ret: inv + time.Duration(rng.IntN(span)), kind: kind(rng.IntN(4)), value: int64(rng.IntN(n+2)) - 1}
		}
	} else {
		now := int64(0)
		for i := range steps {
			at := time.Duration(i * 3)
			inv, ret := max(0, at-time.Duration(rng.IntN(span))), at+time.Duration(rng.IntN(span))
			s := &step{inv: inv, ret: ret, kind: kind(rng.IntN(4))}
			if happened := s.kind < might || rng.IntN(2) == 0; happened && s.kind != reads {
				now++
			}
			s.value = now
			steps[i] = s
		}
		if rng.IntN(2) == 0 {
			s := steps[rng.IntN(n)]
			switch rng.IntN(3) {
			case 0:
				s.value += int64(rng.IntN(5) - 2)
			case 1:
				s.ret = s.inv + (s.ret-s.inv)/3
			default:
				s.kind = kind(rng.IntN(4))
			}
		}
	}
	for _, s := range steps {
		if s.kind >= might {
			s.ret = forever
		}
		s.text = fmt.Sprintf("%d %d [%d, %d]", s.kind, s.value, s.inv, s.ret)
	}
	return steps
}

func TestDecideAgreesWithAllOrders(t *testing.T) {
	n := checktest.Rounds(t, 60_000)
	var legal, not int
	for i := range n {
		steps := draw(rand.New(rand.NewPCG(17, uint64(i))))
		want, got := explained(steps, 0, 0), decide(steps)
		if want != (got == nil) {
			for _, s := range steps {
				t.Log(s.text)
			}
			t.Fatalf("%d: all orders: %v; decide: %+v", i, want, got)
		}
		if want {
			legal++
		} else {
			not++
		}
	}
	t.Logf("%d legal, %d not", legal, not)
	if min(legal, not) < n/10 {
		t.Errorf("%d legal and %d not: one kind is rare", legal, not)
	}
}
