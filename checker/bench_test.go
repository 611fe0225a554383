package checker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// perRound returns how many operations checktest.Good makes in a round of a model.
func perRound(model string) int {
	operations := func(rounds int) (n int) {
		for _, e := range checktest.Good(model, rounds).Build().Events {
			if e.Type == history.Invoke {
				n++
			}
		}
		return n
	}
	return operations(2) - operations(1)
}

var benchSizes = []int{1000, 10000, 100000}

// BenchmarkCheck measures the fast checks alone, on histories of one key (or one key a
// round) in which nothing went wrong.
func BenchmarkCheck(b *testing.B) {
	for _, model := range recipeModels() {
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d", model, n), func(b *testing.B) {
				h := checktest.Good(model, n/perRound(model)).Build()
				b.ReportAllocs()
				for b.Loop() {
					if rep := Run(context.Background(), h, Options{NoReference: true}); rep.Verdict != Valid {
						b.Fatalf("%+v", rep)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
			})
		}
	}
}

// BenchmarkCheckWithLog does the same with a log of transactions. For most events it
// has two: that of the operation, and a write that changes nothing.
func BenchmarkCheckWithLog(b *testing.B) {
	for _, model := range recipeModels() {
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d", model, n), func(b *testing.B) {
				h, txns := checktest.WithLog(checktest.Good(model, n/perRound(model)))
				b.ReportAllocs()
				for b.Loop() {
					if rep := Run(context.Background(), h, Options{NoReference: true, Transactions: txns}); rep.Verdict != Valid {
						b.Fatalf("%+v", rep)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
				b.ReportMetric(float64(len(txns))/float64(n), "transactions/operation")
			})
		}
	}
}

// BenchmarkReference measures porcupine on the same histories, as far as it
// decides them within its bounds.
func BenchmarkReference(b *testing.B) {
	for _, model := range recipeModels() {
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d", model, n), func(b *testing.B) {
				h := checktest.Good(model, n/perRound(model)).Build()
				b.ReportAllocs()
				for b.Loop() {
					a := evidence.Read(context.Background(), h, models[model].Object, nil)
					decided := len(Reference(context.Background(), h, Options{Budget: 20 * time.Second}))
					if decided < len(a.Keys) {
						b.Skipf("decided %d of %d keys within its bounds", decided, len(a.Keys))
					}
				}
			})
		}
	}
}
