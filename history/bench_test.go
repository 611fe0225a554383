package history

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
)

// A worker records an invoke and an ok for each operation, so ns/op is the cost of two
// events. Compare BenchmarkRecord with BenchmarkRecordPlain, which is the obvious
// recorder: a mutex around encoding and writing.

var benchWorkers = []int{1, 10, 100}

func BenchmarkRecord(b *testing.B) {
	for _, n := range benchWorkers {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) {
			r := must.Get(Create(filepath.Join(b.TempDir(), "history.jsonl"), lockHeader))(b)
			benchmarkOperations(b, n, func(e Event) { r.Record(e) })
			must.Do(b, r.Close())
		})
	}
}

func BenchmarkRecordObserved(b *testing.B) {
	r := must.Get(Create(filepath.Join(b.TempDir(), "history.jsonl"), lockHeader))(b)
	held := map[string]int{}
	r.Observe(func(e Event) { held[e.Key] = e.Client })
	benchmarkOperations(b, 10, func(e Event) { r.Record(e) })
	must.Do(b, r.Close())
}

func BenchmarkRecordPlain(b *testing.B) {
	for _, n := range benchWorkers {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) {
			f := must.Get(os.Create(filepath.Join(b.TempDir(), "history.jsonl")))(b)
			defer f.Close()
			start := time.Now()
			out := json.NewEncoder(f)
			var mu sync.Mutex
			index := 0
			benchmarkOperations(b, n, func(e Event) {
				mu.Lock()
				defer mu.Unlock()
				e.Index, e.Time = index, time.Since(start)
				index++
				if err := out.Encode(e); err != nil {
					b.Error(err)
				}
			})
		})
	}
}

// benchmarkOperations shares b.N operations among n goroutines.
func benchmarkOperations(b *testing.B, n int, record func(Event)) {
	b.ReportAllocs()
	token := Value(grant{Token: 0x1a4})
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	work(n, func(w int) {
		for left.Add(-1) >= 0 {
			record(Event{Process: Process(w), Client: w, Type: Invoke, F: "acquire", Key: "key-3", Session: 0x10000a4})
			record(Event{
				Process: Process(w), Client: w, Type: OK, F: "acquire", Key: "key-3", Value: token,
				Session: 0x10000a4, Zxid: 0x100000a4, Alive: time.Second, Seen: 0x100000a4,
			})
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*b.N), "ns/event")
}
