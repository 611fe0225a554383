package checker_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
)

var update = flag.Bool("update", false, "write what stored runs are decided to be")

// Recorded runs are decided as they were when they were recorded: each property and key, with
// the same reason, counterexample and figures. ("go run ./internal/dev corpus" records them.)
func TestCorpus(t *testing.T) {
	dirs, err := filepath.Glob("testdata/corpus/*")
	if err != nil || len(dirs) < 40 {
		t.Fatalf("%d stored runs, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			h, txns, err := checktest.Stored(dir)
			if err != nil {
				t.Fatal(err)
			}
			var r checker.Report
			synctest.Test(t, func(t *testing.T) { // so that no search ends early on a busy machine
				r = checker.Run(t.Context(), h, checker.Options{Transactions: txns, Memory: int64(runtime.GOMAXPROCS(0)) * 128 << 20})
			})
			for _, v := range r.Verdicts {
				for _, c := range v.Committed {
					inLog(t, h, txns, c)
				}
			}
			checker.Balanced(t, r.Account, h)
			r.Leftovers, r.Account = nil, nil // the corpus is about verdicts
			got := must.Get(json.MarshalIndent(r, "", " "))(t)
			path := filepath.Join(dir, "verdicts.json")
			if *update {
				must.Do(t, os.WriteFile(path, append(got, '\n'), 0o644))
				return
			}
			want := must.Get(os.ReadFile(path))(t)
			if diff := cmp.Diff(parsed(t, want), parsed(t, got)); diff != "" {
				t.Errorf("was (-), is (+):\n%s", diff)
			}
		})
	}
}

func parsed(t *testing.T, text []byte) (v any) {
	t.Helper()
	must.Do(t, json.Unmarshal(text, &v))
	return v
}

// inLog checks that the log has a transaction that a verdict names.
func inLog(t *testing.T, h *history.History, txns []history.Txn, c checker.Transaction) {
	t.Helper()
	at := slices.IndexFunc(txns, func(x history.Txn) bool { return x.Zxid == c.Zxid })
	if at < 0 {
		t.Errorf("zxid %s is not in the log: %s", c.Zxid, c.Text)
		return
	}
	x := txns[at]
	did := slices.ContainsFunc(append(x.Parts, x), func(p history.Txn) bool {
		return p.Type == c.Type && p.Error == 0 && (p.Path == c.Path || slices.Contains(p.Paths, c.Path))
	})
	client := -1
	for i := range h.Events {
		if e := &h.Events[i]; e.F == history.FConnected && e.Session == x.Session {
			client = e.Client
		}
	}
	cited := ": zxid " + c.Zxid.String()
	if !did || x.Session != c.Session || client != c.Client || !strings.Contains(c.Text, cited+".") && !strings.Contains(c.Text, cited+"; it ") {
		t.Errorf("%s\nis told of client %d, session %s: %s of %s\nbut the log has %+v of client %d", c.Text, c.Client, c.Session, c.Type, c.Path, x, client)
	}
}
