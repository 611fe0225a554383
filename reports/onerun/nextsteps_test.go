package onerun

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// The command that an undecided run recommends differs from the one that was run.
func TestNextStepsDecide(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b")
	must.Do(t, os.MkdirAll(dir, 0o755))
	const experiment = "recipe: lock\nsimulate: true\ntime-limit: 3s\nfault-interval: 10s\nfaults:\n- kill:leader\n- pause:leader\nseed: 42\n"
	must.Do(t, os.WriteFile(filepath.Join(dir, "experiment.yaml"), []byte(experiment), 0o644))
	h := sample.ShortRun()
	r := sample.Result(h)
	r.Verdict, r.Seed, r.Replay = checker.Unknown, 42, "zklab replay '"+dir+"'"
	last := func() step {
		steps := nextSteps(material.Of(dir, h, r), nil)
		return steps[len(steps)-1]
	}
	if got, want := last().Command, "zklab run --config '"+dir+"/experiment.yaml' --time-limit 31s"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if text := Summary(r, &store.Run{Dir: dir}, Screen{Full: true}); !strings.Contains(text, "\n  to decide it zklab run --config '"+dir+"/experiment.yaml' --time-limit 31s\n") {
		t.Errorf("the terminal does not show the command:\n%s", text)
	}
	must.Do(t, os.WriteFile(filepath.Join(dir, "experiment.yaml"), []byte(experiment+"keys: 500\n"), 0o644))
	r.Account = &checker.Account{Properties: []checker.PropertyAccount{{Property: "exclusion", Short: true}}}
	if got := last(); !strings.HasSuffix(got.Command, " --keys 3") || !strings.Contains(got.Text, "fewer keys") {
		t.Errorf("clients that met only after the heal: %+v", got)
	}
	r.Account = nil
	must.Do(t, os.WriteFile(filepath.Join(dir, "experiment.yaml"), []byte(experiment), 0o644))
	r.Assumptions = append(r.Assumptions, checker.Assumption{Name: "clients", Text: "client 1 dropped out"})
	if got := last().Command; !strings.HasSuffix(got, " --seed 43") {
		t.Errorf("no time brings a client back: %s", got)
	}
	open := r.Verdicts
	r.Verdicts = []checker.Verdict{{Property: "log", Result: checker.Unknown, Reason: "the time for checking (--budget) was used up before this could be decided"}}
	if got, want := last().Command, "zklab check '"+dir+"' --budget 30m"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r.Verdicts = open
	r.Replay = "go test -run TestMine ."
	if got := last(); got.Command != r.Replay || !strings.Contains(got.Text, "TimeLimit in a Go test") {
		t.Errorf("a Go test: %+v", got)
	}
}

// The step gives an undecided run what it lacked. A longer load does not help a run whose faults failed, or a single client.
func TestNextStepsGiveWhatWasMissing(t *testing.T) {
	const lock = "recipe: lock\nsimulate: true\ntime-limit: 10s\nseed: 42\n"
	unmet := func(text string) []checker.Assumption { return []checker.Assumption{{Name: "faults", Text: text}} }
	open := func(reason string) []checker.Verdict {
		return []checker.Verdict{{Property: "exclusion", Result: checker.Unknown, Reason: reason}}
	}
	of := func(k stats.FaultKind) []stats.FaultKind { k.Kind = "kill"; return []stats.FaultKind{k} }
	for name, c := range map[string]struct {
		experiment string
		result     store.Result
		want       string // "" if no command helps
	}{
		"a fault failed":     {lock, store.Result{Assumptions: unmet("never seen: kill"), Stats: stats.Stats{FaultKinds: of(stats.FaultKind{Scheduled: 1, Failed: 1})}}, "run --seed 43"},
		"no target":          {lock, store.Result{Assumptions: unmet("never seen: kill"), Stats: stats.Stats{FaultKinds: of(stats.FaultKind{Scheduled: 1, Skipped: 1})}}, ""},
		"too late":           {lock, store.Result{Assumptions: unmet("never seen: kill"), Stats: stats.Stats{FaultKinds: of(stats.FaultKind{Scheduled: 1, Skipped: 1, TooLate: 1})}}, "run --time-limit 31s"},
		"never":              {lock, store.Result{Assumptions: unmet("never seen: kill")}, "run --time-limit 31s"},
		"one client":         {lock + "clients: 1\n", store.Result{Verdicts: open("only 0 acquires met a holder, of 10 wanted")}, "run --clients 5"},
		"all are dead":       {lock, store.Result{Verdicts: open("add of k failed for every client: " + advice.Survivors.Text()), Stats: stats.Stats{FaultKinds: of(stats.FaultKind{Scheduled: 6, Verified: 4, Skipped: 2})}}, "run --clients 11"},
		"few":                {lock, store.Result{Verdicts: open("only 2 acquires met a holder, of 10 wanted")}, "run --time-limit 1m51s"},
		"few operations":     {lock + "ops: 2\n", store.Result{Verdicts: open("only 4 rounds, of 5 wanted")}, "run --time-limit 31s --ops 6"},
		"of another program": {lock, store.Result{Verdicts: open(advice.OwnProgram.Text("numbers"))}, "check"},
		"of other objects":   {lock, store.Result{Verdicts: []checker.Verdict{{Property: checker.OtherObjects, Result: checker.Unknown}}}, ""},
		"nothing worked":     {lock, store.Result{Assumptions: []checker.Assumption{{Name: "load"}}}, "run --seed 43"},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "experiment.yaml")
		must.Do(t, os.WriteFile(file, []byte(c.experiment), 0o644))
		r := &c.result
		r.Verdict, r.Seed, r.Replay = checker.Unknown, 42, "numbers replay "+dir
		if name != "nothing worked" {
			r.Stats.OK = 9
		}
		want := ""
		if command, flags, _ := strings.Cut(c.want, " "); command == "run" {
			want = "numbers run --config " + file + " " + flags
		} else if command == "check" {
			want = "numbers check " + dir
		}
		if got := decidingStep(dir, r); got.Command != want || got.Text == "" {
			t.Errorf("%s: %+v, want %s", name, got, want)
		}
	}
}

// A reason that many properties share is printed once.
func TestSharedReasonsAreToldOnce(t *testing.T) {
	const reason = "kill never happened: the load ended before; take a longer load (--time-limit)"
	h := sample.ShortRun()
	r := sample.Result(h)
	r.Verdict = checker.Unknown
	r.Assumptions = []checker.Assumption{{Name: "faults", Text: reason}}
	for i := range r.Verdicts {
		r.Verdicts[i].Key = ""
		r.Verdicts[i].Result, r.Verdicts[i].Reason = checker.Unknown, "nothing wrong was found, but "+reason
	}
	r.Verdicts = r.Verdicts[:9]
	page := string(render(t, h, r)["report.html"])
	if n := strings.Count(page, "<p>nothing wrong was found, but "+reason+".</p>"); n != 1 {
		t.Errorf("the page gives the reason %d times", n)
	}
	box, _, _ := strings.Cut(page, "What to do next")
	if n := strings.Count(strings.ToLower(box), reason); n != 1 {
		t.Errorf("the verdict box gives the reason %d times", n)
	}
}
