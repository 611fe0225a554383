package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/must"
)

var start = time.Date(2026, 1, 2, 15, 4, 5, 678_000_000, time.FixedZone("", 3600))

func create(t *testing.T, root, recipe string, at time.Time) *Run {
	t.Helper()
	return must.Get(Create(root, recipe, at))(t)
}

// record writes the record that makes a folder a run.
func record(t *testing.T, r *Run) *Run {
	t.Helper()
	write(t, r.History(), "{}\n")
	return r
}

func write(t *testing.T, path, content string) {
	t.Helper()
	must.Do(t, os.WriteFile(path, []byte(content), 0o644))
}

func TestLayout(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a", "store")
	r := create(t, root, "lock", start)
	dir := filepath.Join(root, "lock", "2026-01-02T14-04-05.678Z")
	got := []string{
		r.Dir, r.Path(), r.History(), r.Transactions(), r.Experiment(), r.Result(), r.Report(), r.Timeline(), r.JUnit(),
		r.Plots(), r.Servers(), r.ServerDir(3),
	}
	want := []string{dir, dir}
	for _, name := range []string{
		"history.jsonl", "transactions.jsonl", "experiment.yaml", "result.json", "report.html", "timeline.html", "junit.xml",
		"plots", "servers", "servers/3",
	} {
		want = append(want, filepath.Join(dir, name))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if link, err := os.Readlink(filepath.Join(root, "latest")); link != "lock/2026-01-02T14-04-05.678Z" {
		t.Errorf("latest leads to %q, %v", link, err)
	}
}

func TestRunsOfOneMomentGetFoldersOfTheirOwn(t *testing.T) {
	root := t.TempDir()
	var mu sync.Mutex
	dirs := map[string]bool{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			r, err := Create(root, "queue", start)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			dirs[r.Dir] = true
		})
	}
	wg.Wait()
	if len(dirs) != 20 {
		t.Errorf("20 runs have %d folders", len(dirs))
	}
	if left, _ := filepath.Glob(filepath.Join(root, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(filepath.Join(root, "latest")); err != nil {
		t.Error(err)
	}
}

func TestCreateRefusesNamesThatAreNoFolder(t *testing.T) {
	for _, name := range []string{"", ".", "..", "latest", "a/b", `a\b`, "../x", ".hidden"} {
		root := t.TempDir()
		if _, err := Create(root, name, start); err == nil {
			t.Errorf("recipe %q: no error", name)
		}
		if entries, _ := os.ReadDir(root); len(entries) > 0 {
			t.Errorf("recipe %q left %v", name, entries)
		}
	}
}

func TestLatestThatIsAFolderIsLeftAlone(t *testing.T) {
	root := t.TempDir()
	mine := filepath.Join(root, "latest", "mine")
	must.Do(t, os.MkdirAll(mine, 0o755))
	if _, err := Create(root, "lock", start); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
	if runs, _ := os.ReadDir(filepath.Join(root, "lock")); len(runs) > 0 {
		t.Errorf("left behind: %v", runs)
	}
}

func TestOpen(t *testing.T) {
	root := filepath.Join(t.TempDir(), "store")
	old := record(t, create(t, root, "lock", start))
	newest := record(t, create(t, root, "queue", start.Add(time.Minute)))
	link := filepath.Join(t.TempDir(), "mine")
	must.Do(t, os.Symlink(old.Dir, link))
	for path, want := range map[string]*Run{
		old.Dir:                              old,
		old.Dir + "/":                        old,
		link:                                 old,
		"lock/" + filepath.Base(old.Dir):     old,
		"latest":                             newest,
		filepath.Join(root, "latest"):        newest,
		old.History():                        {history: old.History()},
		filepath.Join(link, "history.jsonl"): {history: filepath.Join(link, "history.jsonl")},
		filepath.Join(root, "latest", "history.jsonl"): {history: filepath.Join(root, "latest", "history.jsonl")},
	} {
		got, err := Open(root, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(Run{}), cmpopts.IgnoreFields(Run{}, "mu", "record")); d != "" {
			t.Errorf("%s: %s", path, d)
		}
	}
}

func TestOpenSaysWhatIsNoRun(t *testing.T) {
	root := filepath.Join(t.TempDir(), "store")
	empty := t.TempDir()
	must.Do(t, os.Symlink("nowhere", filepath.Join(empty, "dangling")))
	check := func(path, want string) {
		t.Helper()
		_, err := Open(root, path)
		if !errors.Is(err, ErrNotARun) {
			t.Errorf("%s: error is %v, not ErrNotARun", path, err)
			return
		}
		if text := err.Error(); !strings.Contains(text, want) || strings.Contains(text, "\n") {
			t.Errorf("%s: error is %q, want %q in it", path, text, want)
		}
	}
	check("latest", "no run in "+root+" yet")
	check(filepath.Join(empty, "absent"), "does not exist; name the folder")
	check(empty, "is not a run: it has no history.jsonl")
	check(filepath.Join(empty, "dangling"), "no longer exists")

	run := create(t, root, "lock", start)
	check("latest", "is not a run: it has no history.jsonl")
	record(t, run)
	check(root, "the newest run in it is "+run.Dir)
	check(filepath.Join(root, "lock"), "the newest run in it is "+run.Dir)
	must.Do(t, os.RemoveAll(run.Dir))
	check("latest", "no longer exists")
}

func TestStoreWithoutLinks(t *testing.T) {
	symlink = func(string, string) error { return errors.ErrUnsupported }
	defer func() { symlink = os.Symlink }()
	root := t.TempDir()
	record(t, create(t, root, "lock", start))
	newest := record(t, create(t, root, "lock", start.Add(time.Second)))
	for _, path := range []string{"latest", filepath.Join(root, "latest")} {
		r := must.Get(Open(root, path))(t)
		if r.Dir != newest.Dir {
			t.Errorf("%s is %s", path, r.Dir)
		}
	}
	must.Do(t, newest.Remove())
	if r, err := Open(root, "latest"); err != nil || r.Dir == newest.Dir {
		t.Errorf("after Remove latest is %v, %v", r, err)
	}
}

func TestRemove(t *testing.T) {
	root := t.TempDir()
	old := record(t, create(t, root, "lock", start))
	record(t, create(t, root, "lock", start.Add(-time.Hour)))
	failed := create(t, root, "queue", start.Add(time.Hour))
	must.Do(t, failed.Remove())
	// The run of lock was created last, but is the older one.
	if r, err := Open(root, "latest"); err != nil || r.Dir != old.Dir {
		t.Errorf("latest is %v, %v; want %s", r, err, old.Dir)
	}
	if _, err := os.Stat(filepath.Join(root, "queue")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the recipe's empty folder: %v", err)
	}
	only := t.TempDir()
	must.Do(t, create(t, only, "lock", start).Remove())
	if left, _ := os.ReadDir(only); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := (&Run{history: "x"}).Remove(); err == nil {
		t.Error("a bare history can be removed")
	}
}

func TestResult(t *testing.T) {
	r := create(t, t.TempDir(), "lock", start)
	if _, err := r.ReadResult(); !errors.Is(err, ErrNoResult) {
		t.Errorf("before: %v", err)
	}
	for _, verdict := range []checker.Result{checker.Unknown, checker.Violation} {
		want := &Result{
			Verdict:  verdict,
			Verdicts: []checker.Verdict{{Property: "exclusion", Key: "k", Result: verdict, Counterexample: []int{3, 7}}},
			Recipe:   "lock", Seed: -5, Started: start.UTC(),
			Timings: map[string]time.Duration{"check": time.Second},
		}
		must.Do(t, r.WriteResult(want))
		got := must.Get(r.ReadResult())(t)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
	info, err := os.Stat(r.Result())
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("result.json has mode %v, %v", info.Mode(), err)
	}
	if entries, _ := os.ReadDir(r.Dir); len(entries) != 1 {
		t.Errorf("the folder has %v", entries)
	}
}

func TestResultThatCannotBeWrittenLeavesTheOld(t *testing.T) {
	r := create(t, t.TempDir(), "lock", start)
	must.Do(t, r.WriteResult(&Result{Recipe: "lock"}))
	nan := &Result{Verdicts: []checker.Verdict{{Figures: map[string]float64{"share": nan()}}}}
	if err := r.WriteResult(nan); err == nil {
		t.Error("NaN was written")
	}
	if got, err := r.ReadResult(); err != nil || got.Recipe != "lock" {
		t.Errorf("the old result is %v, %v", got, err)
	}
	if err := WriteFile(filepath.Join(r.Dir, "absent", "x"), nil); err == nil {
		t.Error("a file was written into a folder that does not exist")
	}
	// A folder is in the way: the rename fails, and the temporary file is removed.
	must.Do(t, os.MkdirAll(filepath.Join(r.Report(), "x"), 0o755))
	if err := WriteFile(r.Report(), []byte("page")); err == nil {
		t.Error("a file replaced a folder")
	}
	if entries, _ := os.ReadDir(r.Dir); len(entries) != 2 {
		t.Errorf("the folder has %v", entries)
	}
}

func nan() float64 { zero := 0.0; return zero / zero }

func TestBareHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "some.edn")
	write(t, file, "{:process 0}")
	r := must.Get(Open(t.TempDir(), file))(t)
	if !r.Bare() || r.History() != file || r.Path() != file {
		t.Errorf("bare %v, history %s, path %s", r.Bare(), r.History(), r.Path())
	}
	if r.Result() != "" || r.Plots() != "" || r.ServerDir(1) != "" {
		t.Errorf("paths: %q %q %q", r.Result(), r.Plots(), r.ServerDir(1))
	}
	if _, err := r.ReadResult(); !errors.Is(err, ErrNoResult) {
		t.Errorf("reading a result: %v", err)
	}
	if err := r.WriteResult(&Result{}); err == nil {
		t.Error("a result was written")
	}
}

func TestList(t *testing.T) {
	if runs, err := List(filepath.Join(t.TempDir(), "absent")); err != nil || len(runs) > 0 {
		t.Errorf("absent root: %v, %v", runs, err)
	}
	root := t.TempDir()
	finished := record(t, create(t, root, "lock", start))
	must.Do(t, finished.WriteResult(&Result{Verdict: checker.Valid}))
	twin := record(t, create(t, root, "lock", start))
	damaged := record(t, create(t, root, "queue", start.Add(time.Hour)))
	write(t, damaged.Result(), `{"verdict": 3`)
	empty := create(t, root, "barrier", start.Add(-time.Hour)) // has no record
	renamed := &Run{Dir: filepath.Join(root, "lock", "keep-me")}
	must.Do(t, os.Mkdir(renamed.Dir, 0o755))
	record(t, renamed)
	must.Do(t, renamed.WriteResult(&Result{Started: start.Add(2 * time.Hour)}))
	write(t, filepath.Join(root, "notes.txt"), "mine")
	must.Do(t, os.MkdirAll(filepath.Join(root, "sweeps", "lock", "3f70694aa4cfaf8e"), 0o755))
	looped := filepath.Join(root, "lock", "looped") // nobody can read this folder
	must.Do(t, os.Mkdir(looped, 0o755))
	if err := os.Symlink(historyFile, filepath.Join(looped, historyFile)); err != nil {
		t.Skip(err)
	}

	runs := must.Get(List(root))(t)
	type line struct {
		Dir, Recipe string
		Started     time.Time
		Verdict     checker.Result
		Result, Err bool
	}
	var got []line
	for _, s := range runs {
		l := line{Dir: s.Run.Dir, Recipe: s.Recipe, Started: s.Started, Result: s.Result != nil, Err: s.Err != nil}
		if s.Result != nil {
			l.Verdict = s.Result.Verdict
		}
		got = append(got, l)
	}
	utc := start.UTC()
	want := []line{
		{Dir: renamed.Dir, Recipe: "lock", Started: utc.Add(2 * time.Hour), Result: true},
		{Dir: damaged.Dir, Recipe: "queue", Started: utc.Add(time.Hour), Err: true},
		{Dir: twin.Dir, Recipe: "lock", Started: utc},
		{Dir: finished.Dir, Recipe: "lock", Started: utc, Verdict: checker.Valid, Result: true},
		{Dir: empty.Dir, Recipe: "barrier", Started: utc.Add(-time.Hour), Err: true},
		{Dir: looped, Recipe: "lock", Err: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	found := must.Get(Find(root))(t)
	var names []string
	for _, r := range found {
		names = append(names, r.Dir)
	}
	// The renamed run is sorted by the time of its record, because its result is not read.
	if d := cmp.Diff([]string{renamed.Dir, damaged.Dir, twin.Dir, finished.Dir}, names); d != "" {
		t.Error(d)
	}
}
