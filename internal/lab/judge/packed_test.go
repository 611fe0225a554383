package judge_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/judge"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/store"
)

// Runs with packed records are decided and reported like runs whose records are lists: results and pages are
// the same byte for byte, even for damaged and unfinished records.
func TestPackedRuns(t *testing.T) {
	const corpus = "../../../checker/testdata/corpus/"
	whole := func(text []byte) []byte { return text }
	ways := map[string]func([]byte) []byte{
		"whole":       whole,
		"unfinished":  func(text []byte) []byte { return text[:2*len(text)/3] },
		"lines lost":  func(text []byte) []byte { return without(text, 1000, 1003) },
		"out of time": func(text []byte) []byte { return swapped(text, 800, 1200) },
	}
	for _, stored := range []string{"register-zklab", "register-broken-retry-cas-blind", "register-broken-plain-as-fenced"} {
		for name, damage := range ways {
			if name != "whole" && stored != "register-zklab" {
				continue
			}
			t.Run(stored+"/"+name, func(t *testing.T) {
				list, packed := t.TempDir(), t.TempDir()
				for _, dir := range []string{list, packed} {
					unzip(t, corpus+stored, dir, "history.jsonl", damage)
					unzip(t, corpus+stored, dir, "transactions.jsonl", whole)
				}
				decide(t, list, true)
				decide(t, packed, false)
				compare(t, list, packed)
			})
		}
	}
}

// decide writes the result and the report of a run.
func decide(t *testing.T, dir string, asList bool) {
	t.Helper()
	run := must.Get(store.Open(".", dir))(t)
	if asList {
		must.Get(run.ReadHistory())(t)
	} else if h, err := run.ReadPacked(0); err != nil || !h.Packed() {
		t.Fatal("the record is not packed", err)
	}
	var result *store.Result
	var err error
	synctest.Test(t, func(*testing.T) { // virtual time, in which no search ends early on a busy machine
		result, err = judge.Run(context.Background(), run, checker.Options{Memory: int64(runtime.GOMAXPROCS(0)) * 128 << 20})
	})
	if err != nil {
		t.Fatal(err)
	}
	must.Do(t, run.WriteResult(result))
	must.Do(t, reports.Write(run))
}

// compare reports files that differ between two runs, apart from the names of their folders.
func compare(t *testing.T, list, packed string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(list, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(list, path)
		if filepath.Dir(rel) == "porcupine" { // its pages number events in no fixed order
			return nil
		}
		files++
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(packed, rel))
		if err != nil {
			return err
		}
		if got = bytes.ReplaceAll(got, []byte(packed), []byte(list)); !bytes.Equal(want, got) {
			t.Errorf("%s differs: %s", rel, difference(want, got))
		}
		return nil
	})
	if err != nil || files < 8 {
		t.Fatal(files, err)
	}
}

// difference describes the first difference of two JSON texts.
func difference(want, got []byte) string {
	var x, y any
	if json.Unmarshal(want, &x) != nil || json.Unmarshal(got, &y) != nil {
		return ""
	}
	return cmp.Diff(x, y)
}

func unzip(t *testing.T, from, to, name string, damage func([]byte) []byte) {
	t.Helper()
	f := must.Get(os.Open(filepath.Join(from, name+".gz")))(t)
	defer f.Close()
	z := must.Get(gzip.NewReader(f))(t)
	text := must.Get(io.ReadAll(z))(t)
	must.Do(t, os.WriteFile(filepath.Join(to, name), damage(text), 0o600))
}

// without returns a text without some lines.
func without(text []byte, from, to int) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(append(lines[:from:from], lines[to:]...), nil)
}

// swapped returns a text with two lines exchanged, so that time goes backwards.
func swapped(text []byte, i, j int) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines[i], lines[j] = lines[j], lines[i]
	return bytes.Join(lines, nil)
}
