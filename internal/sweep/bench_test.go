package sweep

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// BenchmarkMerge merges a sweep of four shards, once of archives and once of folders, and
// tells how much memory is in use in the end: it must not grow with the runs.
func BenchmarkMerge(b *testing.B) {
	for _, runs := range []int64{20_000, 1_000_000} {
		dir := b.TempDir()
		writeShards(b, dir, runs, 4)
		for name, pattern := range map[string]string{"folders": "?-of-?", "archives": "*" + archiveEnd} {
			b.Run(fmt.Sprintf("%s/runs=%d", name, runs), func(b *testing.B) {
				paths, err := filepath.Glob(filepath.Join(dir, pattern))
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(sizeOf(paths))
				for b.Loop() {
					s, err := Merge(paths)
					if err != nil || int64(s.Runs) != runs {
						b.Fatal(s, err)
					}
					b.ReportMetric(heap(), "MB-in-use")
					runtime.KeepAlive(s)
				}
			})
		}
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
			info, err = os.Stat(filepath.Join(path, journalFile))
		}
		if err == nil {
			n += info.Size()
		}
	}
	return n
}

// writeShards writes what sweeps of so many runs leave.
func writeShards(b *testing.B, dir string, runs int64, of int) {
	b.Helper()
	for i := 1; i <= of; i++ {
		d := description(fmt.Sprintf("1..%d", runs))
		d.Shard, d.Format = Shard{i, of}, Format
		path := filepath.Join(dir, d.Shard.Name(), journalFile)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		w := bufio.NewWriter(f)
		put := func(e entry) {
			text, err := render(e)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = w.Write(text)
		}
		put(entry{Sweep: &d})
		for seed := range d.Seeds.of(d.Shard) {
			l := made(seed)
			put(entry{Line: &l})
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
		f.Close()
		if err := archive(path, filepath.Join(dir, d.Shard.Name()+archiveEnd)); err != nil {
			b.Fatal(err)
		}
	}
}
