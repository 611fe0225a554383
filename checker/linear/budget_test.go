package linear

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
)

// countdown is a context that ends when it was asked a number of times.
type countdown struct {
	context.Context
	left  atomic.Int64
	ended atomic.Bool
}

func newCountdown(n int64) *countdown {
	c := &countdown{Context: context.Background()}
	c.left.Store(n)
	return c
}

func (c *countdown) Err() error {
	if c.left.Add(-1) >= 0 {
		return nil
	}
	c.ended.Store(true)
	return context.DeadlineExceeded
}

// asked decides every key of a history while a budget lasts, and returns the worst
// result.
func (h *History) asked(ctx context.Context, opts Options, memory int64) checker.Result {
	all := checker.Valid
	for i := range h.keys {
		f := h.decide(ctx, i, &scratch{}, time.Now().Add(time.Minute), opts, memory)
		if f.result.Compare(all) > 0 {
			all = f.result
		}
	}
	return all
}

// TestBudgets decides files with budgets that end at each step at which they are
// checked, and with each amount of memory: the result is the right answer or unknown.
func TestBudgets(t *testing.T) {
	for name, gm := range allGames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ends, unknown := 0, 0
			for i := range max(5, rounds()/400) {
				f := gm.file(seeded(9, name, i))
				h := load(t, gm.model, []byte(f.text))
				if h.Operations == 0 {
					continue
				}
				for _, opts := range []Options{{pace: 1}, {pace: 1, PorcupineOnly: true}} {
					want := h.asked(context.Background(), opts, 1<<30)
					look := func(ctx context.Context, memory int64, budget string) {
						got := h.asked(ctx, opts, memory)
						if ends++; got == checker.Unknown {
							unknown++
						}
						if got != want && got != checker.Unknown {
							t.Fatalf("%s, %+v: %s, want %s or unknown\n%s", budget, opts, got, want, f.text)
						}
					}
					for n := int64(0); ; n++ {
						c := newCountdown(n)
						look(c, 1<<30, fmt.Sprintf("after %d steps", n))
						if !c.ended.Load() {
							break
						}
					}
					for memory := int64(0); memory < 20_000; memory += 150 {
						look(context.Background(), memory, fmt.Sprintf("%d bytes", memory))
					}
				}
			}
			t.Logf("%d budgets, unknown %d", ends, unknown)
		})
	}
}

// Many concurrent reads of a counter, the last of which shows too much: if the budget
// ends while they are checked, the result is not valid. The check does not take long.
func TestManyReadsAtOnce(t *testing.T) {
	const n = 5000
	var b strings.Builder
	b.WriteString("{:process 0 :type :invoke :f :add :value 1}\n{:process 0 :type :ok :f :add :value 1}\n")
	for p := range n {
		fmt.Fprintf(&b, "{:process %d :type :invoke :f :read}\n", p)
	}
	for p := range n {
		fmt.Fprintf(&b, "{:process %d :type :ok :f :read :value %d}\n", p, map[bool]int{false: 1, true: 999}[p == n-1])
	}
	h := load(t, "counter-bounds", []byte(b.String()))
	if r := Check(t.Context(), h, Options{}); r.Verdict != checker.Violation {
		t.Errorf("%+v", r.Verdicts)
	}
	asked := false
	for left := int64(0); ; left++ {
		c := newCountdown(left)
		got := h.asked(c, Options{}, 1<<30)
		if !c.ended.Load() {
			break
		}
		if asked = true; got != checker.Unknown {
			t.Errorf("after %d steps: %s", left, got)
		}
	}
	if !asked {
		t.Error("no budget is asked for")
	}
}
