package sweep

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// BenchmarkMerge merges a sweep of four shards, once from archives and once from folders, and reports
// how much memory is in use in the end, which must not grow with the number of runs. It does the same
// with a sweep of ten thousand shards.
func BenchmarkMerge(b *testing.B) {
	for _, size := range []struct {
		runs   int64
		shards int
	}{{20_000, 4}, {100_000, 4}, {100_000, 10_000}, {1_000_000, 4}} {
		b.Run(fmt.Sprintf("runs=%d/shards=%d", size.runs, size.shards), func(b *testing.B) {
			dir := b.TempDir()
			writeShards(b, dir, size.runs, size.shards)
			for name, pattern := range map[string]string{"folders": "*-of-*[0-9]", "archives": "*" + ArchiveEnd} {
				b.Run(name, func(b *testing.B) { benchmarkMerge(b, filepath.Join(dir, pattern), size.runs) })
			}
		})
	}
}

func benchmarkMerge(b *testing.B, pattern string, runs int64) {
	paths := must.Get(filepath.Glob(pattern))(b)
	b.SetBytes(sizeOf(paths))
	for b.Loop() {
		s, err := Merge(paths)
		if err != nil || int64(s.Runs) != runs {
			b.Fatal(s, err)
		}
		b.ReportMetric(heap(), "MB-in-use")
		runtime.KeepAlive(s)
	}
}

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}

func sizeOf(paths []string) (n int64) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err == nil && info.IsDir() {
			info, err = os.Stat(filepath.Join(path, JournalFile))
		}
		if err == nil {
			n += info.Size()
		}
	}
	return n
}

// writeShards writes the files that the shards of a sweep of so many runs leave.
func writeShards(b *testing.B, dir string, runs int64, of int) {
	b.Helper()
	for i := 1; i <= of; i++ {
		d := description(fmt.Sprintf("1..%d", runs))
		d.Shard, d.Format = Shard{i, of}, Format
		path := filepath.Join(dir, d.Shard.Name(), JournalFile)
		must.Do(b, os.MkdirAll(filepath.Dir(path), 0o755))
		f := must.Get(os.Create(path))(b)
		w := bufio.NewWriter(f)
		put := func(e entry) {
			text := must.Get(render(e))(b)
			_, _ = w.Write(text)
		}
		put(entry{Sweep: &d})
		for seed := range d.Seeds.of(d.Shard) {
			l := made(seed)
			put(entry{Line: &l})
		}
		must.Do(b, w.Flush())
		f.Close()
		must.Do(b, archive(path, filepath.Join(dir, d.Shard.Name()+ArchiveEnd)))
	}
}
