package foreign

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/allocs"
)

// A stack gives what a slice would, whatever its chunks are.
func TestStack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		var s stack
		var want []Value
		for range 40 {
			for range rng.IntN(2 * chunkSize) {
				v := Value{Kind: Int, Int: rng.Int64()}
				s.push(v)
				want = append(want, v)
			}
			from := len(want)
			switch rng.IntN(4) {
			case 0:
				from -= rng.IntN(len(want) + 1)
			case 1:
				from = from / chunkSize * chunkSize
			case 2:
				from -= min(from, rng.IntN(10))
			}
			got := s.pop(from)
			if !slices.EqualFunc(got, want[from:], func(x, y Value) bool { return x.Int == y.Int }) || s.len() != from {
				t.Fatalf("popped %d from %d of %d, %d are left", len(got), from, len(want), s.len())
			}
			if want = want[:from]; rng.IntN(5) == 0 {
				s.reset()
				want = want[:0]
			}
		}
	}
}

// A collection of many values takes memory for them, and little more for reading it.
func TestLongCollections(t *testing.T) {
	const n = 1_000_000
	var text bytes.Buffer
	text.WriteString("{:process 1 :type :ok :f :read :value [7 [")
	for i := range n {
		fmt.Fprintf(&text, "%d ", i)
	}
	text.WriteString("] (8 9)]}\n{:process 1 :type :ok :f :read :value [5]}")
	const each = 56 // bytes of a Value
	var events []Event
	allocs.Within(t, n, 2*each+10, func() {
		r, err := NewReader(&text, EDN)
		for err == nil {
			var e Event
			if err = r.Next(&e); err == nil {
				events = append(events, e)
			}
		}
		if err != io.EOF {
			t.Error(err)
		}
	})
	if len(events) != 2 || len(events[0].Value.Items) != 3 {
		t.Fatalf("%d events", len(events))
	}
	long := events[0].Value.Items
	for i, v := range long[1].Items {
		if v.Kind != Int || v.Int != int64(i) {
			t.Fatalf("%d is %s", i, v)
		}
	}
	if d := cmp.Diff([]Value{integer(7), list(integer(8), integer(9))}, []Value{long[0], long[2]}); d != "" || len(long[1].Items) != n {
		t.Error(len(long[1].Items), d)
	}
	if d := cmp.Diff(list(integer(5)), events[1].Value); d != "" {
		t.Error(d)
	}
}
