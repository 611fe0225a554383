package causes_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/causes"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// BenchmarkOf explains a violation at the end of a run of half a million transactions.
func BenchmarkOf(b *testing.B) {
	r := begin(models.Lock.Name)
	r.Txn(history.Txn{Type: "create", Path: root, Session: 99})
	const holds = 250_000
	for i := range holds {
		path := fmt.Sprintf("%s/k/lock-%010d", root, i)
		r.Txn(ephemeral(1, path))
		r.Txn(deletes(1, path))
		if i%10 == 0 {
			seen(r, i*4+10, 0, 1)
		}
	}
	last := holds*4 + 100
	r.Txn(ephemeral(1, root+"/k/lock"))
	seen(r, last-2, 0, 1)
	acquires(r, last, 0, 1)
	r.Touches(1)
	seen(r, last+50, 0, 1)
	h := r.Build()
	counterexample := []int{len(h.Events) - 3, len(h.Events) - 2}
	b.ReportAllocs()
	var took time.Duration
	for b.Loop() {
		a := evidence.Read(b.Context(), h, nil, r.Txns)
		began := time.Now()
		if len(causes.Of(a, causes.Violation{Key: "k", Counterexample: counterexample})) != 1 {
			b.Fatal(causes.Of(a, causes.Violation{Key: "k", Counterexample: counterexample}))
		}
		took += time.Since(began)
	}
	b.ReportMetric(took.Seconds()*1e3/float64(b.N), "ms-of-it")
}
