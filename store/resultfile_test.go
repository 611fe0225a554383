package store_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

func TestResultErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "no result: expected a JSON object, found nothing",
		"{\n\"seed\": 1,\n}":                "line 3: expected a JSON object: invalid character '}'",
		"{\n\"seed\": 1":                    "line 2: expected a JSON object: unexpected end",
		"{\n\"seed\":\n\"x\"\n}":            "line 3: seed is a string: expected a whole number of 64 bits",
		"{\n\"stats\": {\"ok\": 1e99}\n}":   "line 2: stats.ok is a number 1e99: expected a whole number of",
		"{\"stats\": {\"rate\": \"fast\"}}": "line 1: stats.rate is a string: expected a number",
		"{\"timings\": {\"start\": 1.5}}":   "line 1: timings is a number 1.5: expected a whole number of nanoseconds",
		"[]":                                "line 1: it is an array: expected an object",
		"{\"started\": \"yesterday\"}":      `no result: "yesterday" is not a time: expected one like "2026-01-31T12:00:00Z"`,
	} {
		if _, err := store.ParseResult([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}

// Whatever a result.json contains, memory is bounded, errors are single lines, and what was read can be
// written and read back unchanged.
func FuzzResult(f *testing.F) {
	for _, r := range []store.Result{
		{},
		{
			Verdict: checker.Violation, Verdicts: []checker.Verdict{{Property: "exclusion", Result: checker.Violation, Reason: "r", Counterexample: []int{1, 2}, Story: []string{"s"}, Committed: []checker.Transaction{{Zxid: 5, Session: -1, Client: -1, Type: "delete", Path: "/k", Text: "t"}}}},
			Assumptions: []checker.Assumption{{Met: true, Text: "t"}}, Recipe: "lock", Seed: -1, Started: time.Unix(1e9, 0).UTC(),
			Stats: stats.Stats{OK: 3, Load: time.Second}, Warnings: []string{"w"}, Timings: map[string]time.Duration{"start": 1},
		},
	} {
		text, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("{\n\"seed\": \"x\"}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r *store.Result
		var err error
		allocs.Within(t, len(text), 1000, func() { r, err = store.ParseResult(text) })
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatal(err)
			}
			return
		}
		written := must.Get(json.Marshal(r))(t)
		again, err := store.ParseResult(written)
		if err != nil || !cmp.Equal(r, again, cmpopts.EquateEmpty()) {
			t.Fatalf("%v: %s", err, cmp.Diff(r, again, cmpopts.EquateEmpty()))
		}
	})
}

// A run that came from another machine is repeated from where it is now, not from where its sender had it.
func TestReplayOfMovedRun(t *testing.T) {
	dir := t.TempDir()
	run := &store.Run{Dir: dir}
	for replay, want := range map[string]string{
		"zklab replay /sent/from/here":                           "zklab replay " + dir,
		"numbers run --config '/sent/from here/experiment.yaml'": "numbers run --config " + dir + "/experiment.yaml",
		"zklab replay " + filepath.Dir(dir):                      "zklab replay " + filepath.Dir(dir),
		"zklab run --config /sent/x --faults cut":                "zklab run --config /sent/x --faults cut",
		"ZKLAB_SEED=3 go test -run TestMine ./sub":               "ZKLAB_SEED=3 go test -run TestMine ./sub",
	} {
		must.Do(t, run.WriteResult(&store.Result{Verdict: checker.Valid, Replay: replay}))
		if r, err := run.ReadResult(); err != nil || r.Replay != want {
			t.Errorf("%s: %v, want %s, %v", replay, r, want, err)
		}
	}
}
