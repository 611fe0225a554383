package sweep

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A Follower counts the same as a merge, in whatever pieces the file grows.
func TestFollower(t *testing.T) {
	dir := t.TempDir()
	l := open(t, filepath.Join(dir, "1-of-1"), description("1..400"))
	for seed := int64(1); seed <= 300; seed++ {
		line := made(seed)
		if line.Kept != "" {
			keep(t, l, seed, "kept")
		}
		if seed%100 == 0 {
			line = Line{Seed: seed, Error: `it said "at_ms":7 and ,"verdict":"valid", and stopped`}
		}
		write(t, l, line)
	}
	must.Do(t, l.End(Interrupted))
	text := must.Get(os.ReadFile(filepath.Join(dir, "1-of-1", JournalFile)))(t)
	s := must.Get(Merge([]string{dir}))(t)
	for _, step := range []int{97, 5000, len(text)} {
		f := NewFollower(filepath.Join(dir, "1-of-1") + string(filepath.Separator))
		for n := 0; n < len(text)+step; n += step {
			must.Do(t, f.Next(bytes.NewReader(text[:min(n, len(text))])))
		}
		got := []int{int(f.Lines), f.Verdicts[checker.Valid], f.Verdicts[checker.Unknown], f.Verdicts[checker.Violation], f.Errors}
		if diff := cmp.Diff([]int{s.Runs, s.Valid, s.Unknown, s.Violation, s.Errors}, got); diff != "" {
			t.Errorf("in steps of %d: %s", step, diff)
		}
		if diff := cmp.Diff(s.Findings, f.Findings(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("in steps of %d: %s", step, diff)
		}
		if f.Ended != Interrupted || f.Session.Jobs != 1 || f.Description.Setting("recipe") != "lock" || f.Offset() != int64(len(text)) {
			t.Errorf("%+v", f)
		}
	}
}

// The rate is the rate of the latest lines, not of the whole session.
func TestFollowerRate(t *testing.T) {
	var text bytes.Buffer
	put := func(e entry) {
		b := must.Get(render(e))(t)
		text.Write(b)
	}
	d := description("1..1000")
	d.Format = Format
	put(entry{Sweep: &d})
	put(entry{Session: &Session{Jobs: 1}})
	f := NewFollower("")
	at := int64(0)
	for seed := int64(1); seed <= 600; seed++ {
		if at += 1000; seed > 300 {
			at -= 900 // ten lines a second from here
		}
		put(entry{Line: &Line{Seed: seed, Verdict: checker.Valid, AtMS: at}})
	}
	must.Do(t, f.Next(bytes.NewReader(text.Bytes())))
	if got := f.Rate(); got < 9.9 || got > 10.1 {
		t.Errorf("%f runs a second", got)
	}
	put(entry{Session: &Session{Jobs: 1}})
	must.Do(t, f.Next(bytes.NewReader(text.Bytes())))
	if got := f.Rate(); got != 0 {
		t.Errorf("%f runs a second in a session that has just begun", got)
	}
}
