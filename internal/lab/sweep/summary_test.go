package sweep

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/store"
)

// made returns a line like that of a run with this seed.
func made(seed int64) Line {
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	l := Line{
		Seed: seed, Verdict: checker.Valid, Valid: []string{"fencing", "log"}, Drawn: fmt.Sprintf("clients %d", r.IntN(5)),
		Operations: 300, Events: 2000 + r.IntN(3000), VirtualMS: 12_000, WallMS: 75, AtMS: seed * 40,
		Struck: Struck{Faults: map[string][2]int{}}, Met: Exercised{},
	}
	for _, kind := range []string{"pause", "kill", "expire", "lose-reply", "stall-link", "rolling"} {
		if r.IntN(2) == 0 {
			l.Faults[kind] = [2]int{1 + r.IntN(2), r.IntN(2)}
		}
	}
	l.Faults["reset"] = [2]int{1, 0}
	for _, row := range []string{"acquire", "acquire create", "acquire getChildren", "acquire exists", "release", "release delete"} {
		l.Met[row] = Row{100 + r.IntN(50), map[string]int{"pause": r.IntN(9), "expire": 1 + r.IntN(9), "kill": 2}}
	}
	switch r.IntN(8) {
	case 0:
		l.Verdict = checker.Violation
		l.Kept = fmt.Sprintf("runs/%d", seed)
		l.NotValid = []Property{{Name: "exclusion", Result: checker.Violation, Shape: fmt.Sprintf("shape %d", r.IntN(3)), Faults: []string{"expire"}}}
	case 1:
		l.Verdict = checker.Unknown
		l.NotValid = []Property{{Name: "exclusion", Result: checker.Unknown, Why: "assumption load"}}
	default:
		l.Valid = append(l.Valid, "exclusion")
	}
	return l
}

// Neither the order of runs nor a repeated run changes the tally.
func TestTallyInAnyOrder(t *testing.T) {
	summary := func(seeds []int) *Summary {
		tally := NewTally()
		d := description("1..400")
		d.Format = Format
		for _, e := range []entry{{Sweep: &d}, {Session: &Session{Jobs: 2}}} {
			must.Do(t, tally.take(e, ""))
		}
		for _, seed := range seeds {
			l := made(int64(seed) + 1)
			must.Do(t, tally.take(entry{Line: &l}, ""))
		}
		return tally.Summary()
	}
	r := rand.New(rand.NewPCG(1, 2))
	want := summary(r.Perm(400))
	if want.Runs != 400 || want.Violation == 0 || want.Violation+want.Unknown+want.Valid != 400 || len(want.Findings) != 3 {
		t.Fatalf("%+v", want)
	}
	for range 3 {
		if diff := cmp.Diff(want, summary(append(r.Perm(400), 1, 2, 3))); diff != "" {
			t.Fatal(diff)
		}
	}
	if never := want.Never(); !cmp.Equal(never, []string{"reset"}) {
		t.Errorf("never took effect: %v", never)
	}
	f := want.Findings[0]
	if f.Of != 400 || !(f.Low < float64(f.Count)/400 && float64(f.Count)/400 < f.High) || len(f.Seeds) == 0 || f.Smallest.Kept == "" {
		t.Errorf("%+v", f)
	}
}

// A sweep is valid if each property was valid in some run, and never if nothing was run.
func TestSweepVerdict(t *testing.T) {
	unknown := Property{Name: "exclusion", Result: checker.Unknown, Why: "w"}
	for name, test := range map[string]struct {
		lines []Line
		want  checker.Result
		why   string
	}{
		"nothing":        {nil, checker.Unknown, "no run"},
		"valid":          {[]Line{{Verdict: checker.Valid, Valid: []string{"exclusion"}}}, checker.Valid, ""},
		"undecided once": {[]Line{{Verdict: checker.Unknown, NotValid: []Property{unknown}}, {Verdict: checker.Valid, Valid: []string{"exclusion"}}}, checker.Valid, ""},
		"never decided":  {[]Line{{Verdict: checker.Unknown, NotValid: []Property{unknown}, Valid: []string{"order"}}}, checker.Unknown, "exclusion could be decided in no run"},
		"measured":       {[]Line{{Verdict: checker.Valid, Valid: []string{"order"}, NotValid: []Property{{Name: "belief", Result: checker.Violation, Measured: true}}}}, checker.Valid, ""},
		"errors only":    {[]Line{{Error: "no servers"}}, checker.Unknown, "no run"},
		"an error":       {[]Line{{Error: "no servers"}, {Verdict: checker.Valid, Valid: []string{"exclusion"}}}, checker.Unknown, "could not be run"},
		"violated":       {[]Line{{Error: "no servers"}, {Verdict: checker.Violation, NotValid: []Property{{Name: "exclusion", Result: checker.Violation}}}}, checker.Violation, ""},
	} {
		tally := NewTally()
		for i, l := range test.lines {
			l.Seed = int64(i) + 1
			tally.add(&l, "")
		}
		if s := tally.Summary(); s.Verdict != test.want || !strings.Contains(s.Why, test.why) || (s.Why == "") != (test.why == "") {
			t.Errorf("%s: %s, %q", name, s.Verdict, s.Why)
		}
	}
}

// Properties that could not be checked are counted by reason, and the counts survive merging.
func TestSweepUnchecked(t *testing.T) {
	result := &store.Result{Verdict: checker.Valid, NotAvailable: []checker.NotAvailable{
		{Kind: "fault", Name: "pause", Why: "no servers"}, {Kind: "property", Name: "lost", Why: "no Lost"}, {Kind: "property", Name: "fencing", Why: "no token"},
	}}
	tally := NewTally()
	for seed := range int64(2) {
		result.Seed = seed + 1
		l := Of(result, &history.History{}, nil, 0)
		tally.add(&l, "")
	}
	want := []Unchecked{{"fencing", "no token", 2}, {"lost", "no Lost", 2}}
	if diff := cmp.Diff(want, tally.Summary().Unchecked); diff != "" {
		t.Error(diff)
	}
}

// An interrupted sweep is not whole; one that used up its time, or found enough, is.
func TestRequireWhole(t *testing.T) {
	for end, want := range map[End]checker.Result{
		AllSeeds: checker.Valid, TimeIsUp: checker.Valid, Enough: checker.Valid, Interrupted: checker.Unknown, "": checker.Unknown,
	} {
		shard := ShardState{Seeds: 10, Done: 4, Ended: end}
		if end == AllSeeds {
			shard.Done = 10
		}
		s := &Summary{Verdict: checker.Valid, Shards: []ShardState{shard}}
		if s.RequireWhole(); s.Verdict != want || (s.Why == "") != (want == checker.Valid) {
			t.Errorf("%q: %s, %q", end, s.Verdict, s.Why)
		}
	}
}

// However many causes there are, memory is bounded, and every run is counted.
func TestManyCauses(t *testing.T) {
	tally := NewTally()
	for seed := range int64(mostCauses + 50) {
		tally.add(&Line{Seed: seed + 1, Verdict: checker.Violation, NotValid: []Property{
			{Name: "p", Result: checker.Violation, Shape: fmt.Sprint(seed)}, {Name: "q", Result: checker.Unknown, Why: fmt.Sprint(seed)},
		}}, "")
	}
	s := tally.Summary()
	if len(s.Findings) != mostCauses || s.MoreFound != 50 || s.Violation != mostCauses+50 {
		t.Errorf("%d causes and %d more, of %d", len(s.Findings), s.MoreFound, s.Violation)
	}
	sum := 0
	for _, w := range s.Properties[1].Why {
		sum += w.N
	}
	if sum != mostCauses+50 || len(s.Properties[1].Why) != mostReasons+1 {
		t.Errorf("%d reasons told %d times", len(s.Properties[1].Why), sum)
	}
}

// Wilson's intervals of examples from textbooks.
func TestWilson(t *testing.T) {
	for _, test := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}, {81, 263, 0.2553, 0.3662}, {1, 29, 0.0061, 0.1718}, {0, 0, 0, 1},
	} {
		low, high := Wilson(test.k, test.n)
		if math.Abs(low-test.low) > 5e-4 || math.Abs(high-test.high) > 5e-4 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", test.k, test.n, low, high, test.low, test.high)
		}
	}
}

// Folders and archives can be merged at any time: while a shard is under way, when one has died or
// never begun, and when a shard has both.
func TestMerge(t *testing.T) {
	dir := t.TempDir()
	shard := func(i int, last int64, end End) *Journal {
		d := description("1..40")
		d.Shard = Shard{i, 4}
		l := open(t, filepath.Join(dir, d.Shard.Name()), d)
		for seed := range d.Seeds.of(d.Shard) {
			if line := made(seed); seed <= last {
				if line.Kept != "" {
					keep(t, l, seed, "a history")
				}
				line.Kept = ""
				write(t, l, line)
			}
		}
		if end != "" {
			must.Do(t, l.End(end))
			l.Close()
		}
		return l
	}
	shard(1, 40, AllSeeds)
	shard(2, 20, "") // under way
	shard(3, 30, "").Close()

	s := must.Get(Merge([]string{dir}))(t)
	type state struct {
		Done    int64
		Ended   End
		Running bool
		Died    bool
		Left    string
		Command string
	}
	var got []state
	for _, h := range s.Shards {
		got = append(got, state{h.Done, h.Ended, h.Running, h.Died(), h.Left.String(), h.Command})
	}
	want := []state{
		{10, AllSeeds, false, false, "", "zklab sweep lock --shard 1/4"},
		{5, "", true, false, "22,26,30,34,38", "zklab sweep lock --shard 2/4"},
		{7, "", false, true, "31,35,39", "zklab sweep lock --shard 3/4"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.Runs != 22 || s.Complete() || !cmp.Equal(s.Absent, []Shard{{4, 4}}) {
		t.Errorf("%d runs, complete %v, absent %v", s.Runs, s.Complete(), s.Absent)
	}

	// Elsewhere there is only the archive, which gives the same except for the kept runs.
	away := filepath.Join(t.TempDir(), "1-of-4"+ArchiveEnd)
	must.Do(t, os.Rename(filepath.Join(dir, "1-of-4"+ArchiveEnd), away))
	must.Do(t, os.RemoveAll(filepath.Join(dir, "1-of-4")))
	if len(s.Findings) == 0 {
		t.Error("nothing was found in what was to be merged")
	}
	again := must.Get(Merge([]string{away, dir}))(t)
	if diff := cmp.Diff(s, again, cmpopts.IgnoreFields(ShardState{}, "Source"), cmpopts.IgnoreFields(Example{}, "Kept"),
		cmpopts.IgnoreUnexported(ShardState{}), cmpopts.IgnoreFields(Summary{}, "Description")); diff != "" {
		t.Error(diff)
	}
	if _, err := json.Marshal(again); err != nil {
		t.Error(err)
	}
}

// Shards are found in the folder of a recipe, in that of all sweeps, and in folders with one archive
// each.
func TestMergeFindsShards(t *testing.T) {
	out, artifacts := t.TempDir(), t.TempDir()
	for i := 1; i <= 3; i++ {
		d := description("1..9")
		d.Shard = Shard{i, 3}
		l := open(t, filepath.Join(out, "sweeps", "lock", "0123-of-3", d.Shard.Name()), d)
		for seed := range d.Seeds.of(d.Shard) {
			write(t, l, Line{Seed: seed, Verdict: checker.Valid})
		}
		must.Do(t, l.End(AllSeeds))
		l.Close()
		one := filepath.Join(artifacts, fmt.Sprint("artifact [", i, "]"))
		must.Do(t, os.Mkdir(one, 0o755))
		must.Do(t, archive(l.file.Name(), filepath.Join(one, "shard"+ArchiveEnd)))
	}
	for _, path := range []string{out, filepath.Join(out, "sweeps", "lock"), artifacts} {
		if s, err := Merge([]string{path}); err != nil || s.Runs != 9 || !s.Complete() || len(s.Shards) != 3 {
			t.Errorf("%s: %+v, %v", path, s, err)
		}
	}
	must.Do(t, os.CopyFS(filepath.Join(out, "sweeps", "lock", "4567", "1-of-3"), os.DirFS(filepath.Join(out, "sweeps", "lock", "0123-of-3", "1-of-3"))))
	if _, err := Merge([]string{out}); err != nil { // the same shard again
		t.Error(err)
	}
	d := description("1..9")
	d.Settings[1].Value = "pause"
	open(t, filepath.Join(out, "sweeps", "lock", "89ab", "1-of-1"), d).Close()
	if _, err := Merge([]string{out}); err == nil || !strings.Contains(err.Error(), "give the folders of one sweep") {
		t.Errorf("of two sweeps: %v", err)
	}
}

// A truncated archive tells which runs it has and which are missing, wherever it was cut off.
func TestMergeOfACutArchive(t *testing.T) {
	dir := t.TempDir()
	for i := 1; i <= 2; i++ {
		d := description("1..400")
		d.Shard = Shard{i, 2}
		l := open(t, filepath.Join(dir, d.Shard.Name()), d)
		for seed := range d.Seeds.of(d.Shard) {
			write(t, l, made(seed))
		}
		must.Do(t, l.End(AllSeeds))
		l.Close()
	}
	path := filepath.Join(dir, "2-of-2"+ArchiveEnd)
	whole := must.Get(os.ReadFile(path))(t)
	cut := filepath.Join(t.TempDir(), "cut"+ArchiveEnd)
	before := int64(0)
	for n := 0; n < len(whole); n += max(1, len(whole)/50) {
		must.Do(t, os.WriteFile(cut, whole[:n], 0o644))
		s, err := Merge([]string{filepath.Join(dir, "1-of-2"), cut})
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if len(s.Shards) == 1 {
			if before > 0 || !cmp.Equal(s.Absent, []Shard{{2, 2}}) {
				t.Fatalf("cut at %d: nothing of it is there, absent %v", n, s.Absent)
			}
			continue
		}
		second := s.Shards[1]
		if second.Done < before || second.Done == 200 != (second.Left == nil) || !second.Cut || second.Ended != "" && second.Done < 200 {
			t.Fatalf("cut at %d of %d: %+v after %d", n, len(whole), second, before)
		}
		before = second.Done
	}
	if before < 150 {
		t.Errorf("at most %d of 200 runs were had of what was cut", before)
	}
	whole[len(whole)/2] ^= 1
	must.Do(t, os.WriteFile(cut, whole, 0o644))
	if _, err := Merge([]string{cut}); err == nil {
		t.Error("one that is damaged is taken")
	}
}

func TestMergeErrors(t *testing.T) {
	one, other, four := t.TempDir(), t.TempDir(), t.TempDir()
	open(t, one, description("1..4")).Close()
	d := description("1..4")
	d.Settings[0].Value = "queue"
	open(t, other, d).Close()
	d = description("1..4")
	d.Shard = Shard{1, 4}
	open(t, four, d).Close()
	zip := filepath.Join(t.TempDir(), "x"+ArchiveEnd)
	must.Do(t, os.WriteFile(zip, []byte("no archive"), 0o644))
	for want, paths := range map[string][]string{
		"recipe is lock there and queue here":       {one, other},
		"one of 4 shards, but the others are of 1":  {one, four},
		"does not exist; name folders and archives": {filepath.Join(one, "none")},
		"there is no sweep in":                      {t.TempDir()},
		"is not an archive of a sweep":              {zip},
	} {
		_, err := Merge(paths)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
