package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

// grow creates znodes by their paths; those whose data is "e" are ephemeral.
func (l *lab) grow(data map[string]string) {
	l.Helper()
	for _, path := range slices.Sorted(maps.Keys(data)) {
		mode, value := wire.Persistent, data[path]
		if value == "e" {
			mode, value = wire.Ephemeral, ""
		}
		_, _, err := l.c.Create(l.ctx, path, []byte(value), nil, mode, 0)
		l.ok(err)
	}
}

// noted returns the notes of the rows below a path.
func noted(v View, below string) map[string]string {
	notes := make(map[string]string)
	for _, r := range v.Rows {
		if rest, ok := strings.CutPrefix(r.Path, below+"/"); ok && r.Note != "" {
			notes[rest] = r.Note
		}
	}
	return notes
}

func hexID(n int) string { return fmt.Sprintf("%032x", n) }

// Jobs are waiting, taken by somebody, or dead letters. A closed folder tells all of this, and an open
// one also who took which job.
func TestMeaningOfJobs(t *testing.T) {
	virtually(t, func(l *lab) {
		worker := hexID(9)
		tree := map[string]string{
			"/q": "", "/q/jobs": "", "/q/pending": "", "/q/taken": "", "/q/done": "", "/q/dead": "", "/q/workers": "", "/q/idle": "",
			"/q/jobs/" + hexID(1): "a", "/q/jobs/" + hexID(2): "b", "/q/jobs/" + hexID(3): "c",
			"/q/pending/" + hexID(1) + "-job-0-3-0000000000":                  "",
			"/q/pending/" + hexID(2) + "-job-1-3-0000000001":                  "",
			"/q/taken/" + hexID(3) + "-taken-" + worker + "-2-3-0000000002":   "",
			"/q/taken/" + hexID(6) + "-taken-" + hexID(8) + "-1-3-0000000005": "",
			"/q/dead/" + hexID(4):                           "d",
			"/q/done/" + hexID(5):                           "e",
			"/q/workers/" + worker + "-worker-0000000000":   "e",
			"/q/workers/" + hexID(7) + "-worker-0000000001": "e",
		}
		l.grow(tree)
		f := l.follow(Config{})
		f.Choose("/q")
		l.shown(f)
		l.shown(f)
		m := f.View(Window{N: 100}).Meaning
		want := "2 × waiting job, 2 × taken job, 1 × dead letter, 1 × result, 2 × worker"
		if m == nil || m.Recipe != "job-queue" || m.Summary != want {
			t.Errorf("%+v", m)
		}
		for _, path := range []string{"/q", "/q/pending", "/q/taken", "/q/workers"} {
			f.Open(path)
			l.shown(f)
		}
		l.shown(f)
		mine := hex(l.c.Session().ID)
		if d := cmp.Diff(map[string]string{
			"pending": "2 × waiting job", "taken": "2 × taken job", "dead": "1 × dead letter", "done": "1 × result", "workers": "2 × worker",
			"pending/" + hexID(1) + "-job-0-3-0000000000":                  "waits",
			"pending/" + hexID(2) + "-job-1-3-0000000001":                  "waits, 1 of 3 attempts failed",
			"taken/" + hexID(3) + "-taken-" + worker + "-2-3-0000000002":   "taken by session " + mine + ", attempt 2 of 3",
			"taken/" + hexID(6) + "-taken-" + hexID(8) + "-1-3-0000000005": "taken, attempt 1 of 3",
			"workers/" + worker + "-worker-0000000000":                     "worker, has 1",
			"workers/" + hexID(7) + "-worker-0000000001":                   "worker, waits",
		}, noted(f.View(Window{N: 100}), "/q")); d != "" {
			t.Error(d)
		}
		f.Choose("/q/taken")
		l.shown(f)
		if m := f.View(Window{N: 100}).Meaning; m == nil || m.Recipe != "job-queue" || m.Summary != "2 × taken job, 1 by session "+mine {
			t.Errorf("%+v", m)
		}
		f.Choose("/q/dead")
		l.shown(f)
		l.shown(f)
		if m := f.View(Window{N: 100}).Meaning; m == nil || m.Recipe != "job-queue" || m.Summary != "1 × dead letter" {
			t.Errorf("%+v", m)
		}
		f.Choose("/q")
		l.remove("/q/dead/" + hexID(4))
		l.shown(f)
		l.shown(f)
		if m := f.View(Window{N: 100}).Meaning; m == nil || strings.Contains(m.Summary, "dead") {
			t.Errorf("%+v", m)
		}
	})
}

// A folder that is read only for the meaning of another one is forgotten when nobody looks at that one
// any more.
func TestHelpersAreDismissed(t *testing.T) {
	virtually(t, func(l *lab) {
		l.grow(map[string]string{
			"/q": "", "/q/jobs": "", "/q/pending": "", "/q/taken": "", "/q/done": "", "/q/dead": "", "/q/workers": "",
			"/q/workers/" + hexID(7) + "-worker-0000000001":                   "e",
			"/q/taken/" + hexID(6) + "-taken-" + hexID(7) + "-1-3-0000000005": "",
		})
		f := l.follow(Config{})
		l.shown(f)
		f.Open("/q")
		l.shown(f)
		before := f.View(Window{N: 100}).Counts.Znodes
		f.Open("/q/taken")
		l.shown(f)
		l.shown(f)
		if n := f.View(Window{N: 100}).Counts.Znodes; n != before+2 {
			t.Errorf("%d znodes, %d before", n, before)
		}
		f.Shut("/q/taken")
		time.Sleep(helpsFor)
		l.shown(f)
		if n := f.View(Window{N: 100}).Counts.Znodes; n != before {
			t.Errorf("%d znodes, %d before", n, before)
		}
	})
}

// The folder of a master and workers tells who leads.
func TestMeaningOfMasterAndWorkers(t *testing.T) {
	virtually(t, func(l *lab) {
		l.grow(map[string]string{
			"/m": "", "/m/jobs": "", "/m/pending": "", "/m/taken": "", "/m/done": "", "/m/dead": "", "/m/workers": "", "/m/master": "",
			"/m/master/" + hexID(1) + "-candidate-0000000000":                 "e",
			"/m/workers/" + hexID(2) + "-member-0000000000":                   "e",
			"/m/taken/" + hexID(3) + "-taken-" + hexID(2) + "-1-1-0000000000": "",
			"/m/pending/" + hexID(4) + "-job-0-3-0000000001":                  "",
		})
		f := l.follow(Config{})
		f.Choose("/m")
		for range 3 {
			l.shown(f)
		}
		m := f.View(Window{N: 100}).Meaning
		if m == nil || m.Recipe != "master-worker" || !strings.HasPrefix(m.Summary, "led by session "+hex(l.c.Session().ID)+" since ") ||
			!strings.HasSuffix(m.Summary, ", 1 × waiting task, 1 × taken task, 1 × worker") {
			t.Errorf("%+v", m)
		}
		l.remove("/m/master/" + hexID(1) + "-candidate-0000000000")
		l.shown(f)
		if m := f.View(Window{N: 100}).Meaning; m == nil || !strings.HasPrefix(m.Summary, "no leader, ") {
			t.Errorf("%+v", m)
		}
	})
}

// A transaction is open, with the sites whose votes are missing, or decided.
func TestMeaningOfTwoPhaseCommit(t *testing.T) {
	virtually(t, func(l *lab) {
		l.grow(map[string]string{"/t": "", "/t/sites": "a\nb\nc", "/t/vote-a": "yes", "/other": "", "/other/sites": "x"})
		f := l.follow(Config{})
		says := func(summary string, notes map[string]string) {
			t.Helper()
			for range 3 {
				l.shown(f)
			}
			v := f.View(Window{N: 100})
			if v.Meaning == nil || v.Meaning.Recipe != "two-phase-commit" || v.Meaning.Summary != summary {
				t.Errorf("%+v", v.Meaning)
			}
			if d := cmp.Diff(notes, noted(v, "/t")); d != "" {
				t.Error(d)
			}
		}
		f.Choose("/t")
		says("open: 1 of 3 sites voted yes, not yet: b c", map[string]string{})
		f.Open("/t")
		l.grow(map[string]string{"/t/vote-c": "no"})
		says("open: 1 of 3 sites voted yes, no: c, not yet: b", map[string]string{"sites": "3 sites", "vote-a": "votes yes", "vote-c": "votes no"})
		l.grow(map[string]string{"/t/outcome": "abort"})
		says("aborted: 1 of 3 sites voted yes, no: c, not yet: b", map[string]string{
			"sites": "3 sites", "vote-a": "votes yes", "vote-c": "votes no", "outcome": "aborted",
		})
		f.Choose("/other")
		l.shown(f)
		l.shown(f)
		if m := f.View(Window{N: 100}).Meaning; m != nil {
			t.Errorf("%+v", m)
		}
	})
}

// What was not read, or may not be read, is not taken to be absent.
func TestMeaningOfWhatCannotBeRead(t *testing.T) {
	virtually(t, func(l *lab) {
		l.grow(map[string]string{
			"/m": "", "/m/jobs": "", "/m/pending": "", "/m/taken": "", "/m/done": "", "/m/dead": "", "/m/workers": "", "/m/master": "",
			"/m/master/" + hexID(1) + "-candidate-0000000000": "e",
			"/t": "", "/t/sites": "a\nb", "/t/vote-a": "yes",
		})
		nobody := []wire.ACL{{Perms: wire.PermAdmin, ID: wire.ID{Scheme: "world", ID: "anyone"}}}
		for _, path := range []string{"/m/master", "/t/sites"} {
			_, err := l.c.SetACL(l.ctx, path, nobody, -1)
			l.ok(err)
		}
		f := l.follow(Config{})
		for path, want := range map[string]string{
			"/m": "the leader is unknown",
			"/t": "not everything is read yet",
		} {
			f.Choose(path)
			for range 4 {
				v := f.View(Window{N: 100})
				if v.Meaning != nil && v.Meaning.Recipe != "" && v.Meaning.Summary != want && v.Meaning.Summary != "not everything is read yet" {
					t.Errorf("%s: %s", path, v.Meaning.Summary)
				}
				l.shown(f)
			}
			if m := f.View(Window{N: 100}).Meaning; m == nil || m.Summary != want {
				t.Errorf("%+v", m)
			}
		}
		f.Open("/t")
		for range 3 {
			l.shown(f)
		}
		if d := cmp.Diff(map[string]string{"vote-a": "votes yes"}, noted(f.View(Window{N: 100}), "/t")); d != "" {
			t.Error(d)
		}
	})
}

// A worker without an assignment waits, even if nobody has one.
func TestMeaningOfIdleWorkers(t *testing.T) {
	virtually(t, func(l *lab) {
		l.grow(map[string]string{
			"/q": "", "/q/jobs": "", "/q/pending": "", "/q/taken": "", "/q/done": "", "/q/dead": "", "/q/workers": "",
			"/q/workers/" + hexID(7) + "-worker-0000000001": "e",
		})
		f := l.follow(Config{})
		for _, path := range []string{"/", "/q", "/q/workers"} {
			f.Open(path)
			l.shown(f)
		}
		l.shown(f)
		if note := noted(f.View(Window{N: 100}), "/q")["workers/"+hexID(7)+"-worker-0000000001"]; note != "worker, waits" {
			t.Error(note)
		}
	})
}
