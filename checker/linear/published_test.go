package linear

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/testkit/must"
)

// TestPublished decides porcupine's test data as its own tests do; see
// testdata/porcupine.
func TestPublished(t *testing.T) {
	files := published(t)
	verdicts := must.Get(os.ReadFile("testdata/porcupine/verdicts.txt"))(t)
	count := map[checker.Result]int{}
	for line := range strings.Lines(string(verdicts)) {
		var name, model string
		var want checker.Result
		must.Get(fmt.Sscan(line, &name, &model, &want))(t)
		count[want]++
		t.Run(name, func(t *testing.T) {
			h := load(t, model, files[name])
			r := Check(t.Context(), h, Options{verdictOnly: true, Budget: 10 * time.Minute})
			if r.Verdict != want {
				t.Errorf("%s, want %s: %+v", r.Verdict, want, r.Verdicts)
			}
			for _, v := range r.Verdicts {
				if v.Result == checker.Violation && len(v.Events) == 0 {
					t.Errorf("no counterexample: %+v", v)
				}
			}
		})
	}
	if count[checker.Valid] != 26 || count[checker.Violation] != 82 {
		t.Errorf("of the published verdicts %v were tried", count)
	}
}

// published unpacks the files.
func published(t testing.TB) map[string][]byte {
	t.Helper()
	packed := must.Get(os.ReadFile("testdata/porcupine/histories.tar.gz"))(t)
	z := must.Get(gzip.NewReader(bytes.NewReader(packed)))(t)
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		head, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[head.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// load reads text as a history of a model, in the format that the text seems to have.
func load(t testing.TB, model string, text []byte) *History {
	t.Helper()
	return must.Get(tryLoad(model, text))(t)
}

func tryLoad(model string, text []byte) (*History, error) {
	m, err := ParseModel(model)
	if err != nil {
		return nil, err
	}
	r, err := foreign.NewReader(bytes.NewReader(text), foreign.Auto)
	if err != nil {
		return nil, err
	}
	return Load(context.Background(), r, m, LoadOptions{})
}
