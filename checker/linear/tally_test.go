package linear

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/frame"
)

// calls makes a history of operations one after another, such as "add 3", "read #{1 2}", or
// "dequeue? nil" for one of unknown outcome.
func calls(texts ...string) []byte {
	var b strings.Builder
	for p, text := range texts {
		f, value, _ := strings.Cut(text, " ")
		f, unknown := strings.CutSuffix(f, "?")
		fmt.Fprintf(&b, "{:process %d, :type :invoke, :f :%s, :value %s, :final? true}\n", p, f, map[bool]string{true: value, false: "nil"}[strings.HasPrefix(f, "add") || f == "enqueue" || f == "push" || f == "decrement"])
		fmt.Fprintf(&b, "{:process %d, :type :%s, :f :%s, :value %s, :final? true}\n", p, map[bool]string{true: "info", false: "ok"}[unknown], f, value)
	}
	return []byte(b.String())
}

// Each model whose mistakes can be counted reports all of them, and not only the one that was
// found first.
func TestTallies(t *testing.T) {
	queue := []string{"enqueue 1", "enqueue 2", "enqueue 3", "enqueue 4", "dequeue 1", "dequeue 1", "dequeue 1", "dequeue 7", "dequeue 8", "drain [4]"}
	stack := []string{"push 1", "push 2", "push 3", "push 4", "pop 1", "pop 1", "pop 1", "pop 7", "pop 8", "pop 4", "pop nil"}
	set := []string{"add 1", "add 2", "add 3", "add 4", "read [1 4 4 8 9]"}
	anomalies := func(texts ...string) (all []checker.Anomaly) {
		for _, text := range texts {
			kind, names, _ := strings.Cut(text, " ")
			first := strings.Split(names, ",")
			all = append(all, checker.Anomaly{Kind: kind, Count: len(first), First: first})
		}
		return all
	}
	ofQueue := anomalies("duplicated 1 (3 times)", "lost 2,3", "unexpected 7,8")
	ofSet := anomalies("lost 2,3", "duplicated 4 (2 times)", "unexpected 8,9")
	cases := map[string]struct {
		calls []string
		want  []checker.Anomaly
	}{
		"queue": {queue, ofQueue}, "stack": {stack, ofQueue}, "bag": {queue, ofQueue}, "priority-queue": {queue, ofQueue}, "total-queue": {queue, ofQueue},
		"set": {set, ofSet}, "final-set": {set, ofSet}, "linear-set": {set, ofSet}, "set-full": {set, ofSet}, "set-full-linearizable": {set, ofSet},
		"unique-ids":     {[]string{"generate 5", "generate 6", "generate 5", "generate 5", "generate 6", "generate 7"}, anomalies("duplicated 5 (3 times),6 (2 times)")},
		"counter":        {[]string{"add 1", "add 1", "read 3", "read 2", "read 9"}, anomalies("impossible 3 (possible: 2 to 2),9 (possible: 2 to 2)")},
		"counter-bounds": {[]string{"add 1", "add? 2", "decrement 4", "read -4", "read -2", "read 5"}, anomalies("impossible -4 (possible: -3 to -1),5 (possible: -3 to -1)")},
		"final-counter":  {[]string{"add 1", "add? 2", "decrement 4", "read -4", "read -2", "read -1", "read -3"}, anomalies("impossible -4 (possible: -3 to -1),-2 (possible: -3 to -1)")},
	}
	for _, k := range kinds {
		if k.tally == nil {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			c, has := cases[k.name]
			if !has {
				t.Fatal("no history")
			}
			r := Check(t.Context(), load(t, k.name, calls(c.calls...)), Options{})
			if r.Verdict != checker.Violation {
				t.Fatalf("%+v", r)
			}
			if d := cmp.Diff(c.want, r.Verdicts[0].Anomalies); d != "" {
				t.Error(d)
			}
		})
	}
}

// At most ten anomalies of a kind are named.
func TestTallyIsBounded(t *testing.T) {
	var texts []string
	for i := range 30 {
		texts = append(texts, fmt.Sprintf("generate %d", i%15))
	}
	r := Check(t.Context(), load(t, "unique-ids", calls(texts...)), Options{})
	if a := r.Verdicts[0].Anomalies; len(a) != 1 || a[0].Count != 15 || len(a[0].First) != frame.MostAnomalies {
		t.Errorf("%+v", a)
	}
}

// The verdict on a total queue and its note say the same about a dequeue of unknown outcome.
func TestTotalQueueSaysWhoseRule(t *testing.T) {
	r := Check(t.Context(), load(t, "total-queue", calls("enqueue 1", "enqueue? 2", "dequeue? nil")), Options{})
	if r.Verdict != checker.Violation || !strings.Contains(r.Verdicts[0].Reason, tookNothing) {
		t.Errorf("%+v", r.Verdicts)
	}
	want := []string{"1 dequeue with an unknown outcome: " + tookNothing, "1 operation with an unknown outcome may have taken effect at any time after the invocation, or never"}
	if d := cmp.Diff(want, r.Notes); d != "" {
		t.Error(d)
	}
}

// A set from which elements are removed, and a counter that goes down.
func TestRemoved(t *testing.T) {
	for _, c := range []struct {
		model string
		calls []string
		want  checker.Result
	}{
		{"linear-set", []string{"add 1", "add 2", "remove 1", "read [2]", "add 1", "read [1 2]"}, checker.Valid},
		{"linear-set", []string{"add 1", "remove 1", "read [1]"}, checker.Violation},
		{"linear-set", []string{"add 1", "remove? 1", "read [1]", "read []"}, checker.Valid},
		{"linear-set", []string{"add 1", "remove? 1", "read []", "read [1]"}, checker.Violation},
		{"counter", []string{"increment 1", "dec 0", "read 0"}, checker.Valid},
		{"counter", []string{"add 1", "decrement 1", "read 1"}, checker.Violation},
		{"counter-bounds", []string{"add 1", "dec 1", "read 1"}, checker.Violation},
		{"final-counter", []string{"add 1", "add? 5", "dec 1", "read 0", "read 5", "read 0"}, checker.Valid},
		{"final-counter", []string{"add 1", "add? 5", "dec 1", "read 1"}, checker.Violation},
	} {
		h := load(t, c.model, []byte(strings.ReplaceAll(string(calls(c.calls...)), ":invoke, :f :remove, :value nil", ":invoke, :f :remove, :value 1")))
		if r := Check(t.Context(), h, Options{}); r.Verdict != c.want {
			t.Errorf("%s %v: %+v", c.model, c.calls, r)
		}
	}
}
