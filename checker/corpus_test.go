package checker_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
)

var update = flag.Bool("update", false, "write what stored runs are decided to be")

// Runs that were recorded once are decided as they were then: each property and key,
// with the same reason, witness and figures. (go run ./internal/corpus records them.)
func TestCorpus(t *testing.T) {
	dirs, err := filepath.Glob("testdata/corpus/*")
	if err != nil || len(dirs) < 40 {
		t.Fatalf("%d stored runs, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			got, err := json.MarshalIndent(decided(t, dir), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "verdicts.json")
			if *update {
				if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parsed(t, want), parsed(t, got)); diff != "" {
				t.Errorf("was (-), is (+):\n%s", diff)
			}
		})
	}
}

func parsed(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// decided is what a stored run is decided to be today.
func decided(t *testing.T, dir string) checker.Report {
	t.Helper()
	h, err := unpacked(filepath.Join(dir, "history.jsonl.gz"), history.Read)
	if err != nil {
		t.Fatal(err)
	}
	txns, err := unpacked(filepath.Join(dir, "transactions.jsonl.gz"), history.ReadTxns)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return checker.Run(t.Context(), h, checker.Options{Transactions: txns})
}

func unpacked[T any](path string, read func(io.Reader) (T, error)) (v T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return v, err
	}
	return read(z)
}
