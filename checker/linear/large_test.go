package linear

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
)

// TestLarge decides long histories: what is right is valid, and one planted
// defect is found with a handful of operations. ZKLAB_LARGE asks for another
// number of operations.
func TestLarge(t *testing.T) {
	n := 20_000
	if testing.Short() {
		n = 3000
	}
	if asked, err := strconv.Atoi(os.Getenv("ZKLAB_LARGE")); err == nil {
		n = asked
	}
	for _, model := range []string{"register", "cas-register", "mutex", "lock", "semaphore:3", "queue", "bag", "priority-queue", "set", "counter"} {
		for _, unknown := range []float64{0, 0.01} {
			for _, planted := range []bool{false, true} {
				for _, clients := range []int{5, 20} {
					l := large{model: model, operations: n, clients: clients, unknown: unknown, planted: planted}
					if model == "priority-queue" && unknown > 0 && !planted {
						continue // only violations are sure
					}
					t.Run(l.String(), func(t *testing.T) { l.test(t) })
				}
			}
		}
	}
}

func (l large) test(t *testing.T) {
	var b bytes.Buffer
	if err := l.write(&b, 1); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	h := load(t, l.model, b.Bytes())
	loaded := time.Now()
	r := Check(context.Background(), h, Options{})
	t.Logf("%d MB: loaded in %s, decided in %s by %s", b.Len()>>20, loaded.Sub(began).Round(time.Millisecond), time.Since(loaded).Round(time.Millisecond), r.Verdicts[0].Decider)
	if h.Operations < l.operations {
		t.Fatalf("only %d operations", h.Operations)
	}
	want := checker.Valid
	if l.planted {
		want = checker.Violation
	}
	if r.Verdict != want {
		t.Fatalf("%s, want %s: %+v", r.Verdict, want, r.Verdicts)
	}
	if l.planted && (len(r.Verdicts[0].Events) == 0 || len(r.Verdicts[0].Events) > 16) {
		t.Errorf("a witness of %d events: %s", len(r.Verdicts[0].Events), r.Verdicts[0].Reason)
	}
}
