package promises_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/simulated/sessions"
)

// BenchmarkCheck measures whole records, with transactions and without. The
// largest equals four minutes at 100 operations a second.
func BenchmarkCheck(b *testing.B) {
	for _, facts := range []int{2_000, 20_000, 200_000} {
		s := sessions.Run(1, "", facts*9/4)
		for _, log := range []bool{true, false} {
			b.Run(fmt.Sprintf("facts=%d/transactions=%v", facts, log), func(b *testing.B) {
				run := promises.Run{
					Events: s.Events, Final: s.Final, Wait: time.Second, Lag: sessions.SyncLag,
					Decode: func(e *history.Event, v any) { _ = e.Decode(v) },
				}
				if log {
					run.Transactions = s.Transactions
				}
				b.ReportAllocs()
				for b.Loop() {
					if got := broken(promises.Check(b.Context(), run)); got != nil {
						b.Fatal(got)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(s.Events)), "ns/fact")
				b.ReportMetric(float64(len(s.Events)), "facts")
			})
		}
	}
}
