package checker

import (
	"context"
	"fmt"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// BenchmarkAccount measures the account of a load with faults. It grows as the operations and the faults, and not as their product:
// each figure says how many times as long it takes as with one fault.
func BenchmarkAccount(b *testing.B) {
	const operations = 100_000
	one := 0.0
	for _, faults := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("%d operations/%d faults", operations, faults), func(b *testing.B) {
			r := checktest.Lock().Phases(0, operations+1, operations+2)
			for i := range operations {
				r.Call(i%5, objects.FAcquire, i, i+1, history.OK)
			}
			for i := range faults {
				at := operations / faults * i
				r.Fault("cut", at, at+1, 1)
			}
			a := evidence.Read(context.Background(), r.Build(), objects.Lock, nil)
			for b.Loop() {
				accountOf(a)
			}
			each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			if faults == 1 {
				one = each
			}
			if one > 0 {
				b.ReportMetric(each/one, "times-one-fault")
			}
		})
	}
}
