package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/filelock"
)

// mostLeft is how many ranges of missing seeds are named of a shard.
const mostLeft = 8

// Merge adds up what folders and archives of one sweep have, at any time: also while some of
// its shards still go on, and when others died. A path is the folder of a sweep with all of its
// shards, the folder of one shard, or an archive. Where a shard has both, the folder goes
// first: it is the newer one, and has the kept runs. Memory does not grow with the runs.
func Merge(paths []string) (*Summary, error) {
	sources, err := sourcesIn(paths)
	if err != nil {
		return nil, err
	}
	all := NewTally()
	var shards []ShardState
	for _, path := range sources {
		state, err := all.merge(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if state != nil {
			shards = addState(shards, *state)
		}
	}
	if all.Description == nil {
		return nil, fmt.Errorf("there is no sweep in %s", strings.Join(paths, ", "))
	}
	all.complete(shards)
	s := all.Summary()
	s.Shards, s.Absent = shards, absent(shards)
	s.forget()
	return s, nil
}

// RequireWhole takes a valid back while runs are missing: of shards that died, still run or
// were interrupted, or of which there is nothing.
func (s *Summary) RequireWhole() {
	missing := slices.ContainsFunc(s.Shards, func(h ShardState) bool { return h.Done < h.Seeds && h.Ended != TimeIsUp && h.Ended != Enough })
	if s.Verdict == checker.Valid && (missing || len(s.Absent) > 0) {
		s.Verdict, s.Why = checker.Unknown, "runs of some shards are missing"
	}
}

// forget leaves out folders of kept runs that are not here: an archive has none.
func (s *Summary) forget() {
	for i := range s.Findings {
		kept := &s.Findings[i].Smallest.Kept
		if _, err := os.Stat(*kept); err != nil {
			*kept = ""
		}
	}
}

// sourcesIn finds the journals and archives.
func sourcesIn(paths []string) (sources []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s does not exist; name folders and archives (%s) of a sweep", path, archiveEnd)
		}
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			sources = append(sources, path)
			continue
		}
		var found []string
		for _, pattern := range []string{journalFile, "*/" + journalFile, "*" + archiveEnd} {
			some, err := filepath.Glob(filepath.Join(escaped(path), pattern))
			if err != nil {
				return nil, err
			}
			found = append(found, some...)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("there is no sweep in %s: neither %s nor an archive (%s)", path, journalFile, archiveEnd)
		}
		for _, file := range found {
			if stem, zip := strings.CutSuffix(file, archiveEnd); !zip || !slices.Contains(found, filepath.Join(stem, journalFile)) {
				sources = append(sources, file) // an archive beside its folder has nothing that this has not
			}
		}
	}
	slices.SortStableFunc(sources, func(a, b string) int { return isArchive(a) - isArchive(b) })
	return slices.Compact(sources), nil
}

// escaped is a path as a pattern that matches nothing else.
func escaped(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}

func isArchive(path string) int {
	if strings.HasSuffix(path, ".gz") {
		return 1
	}
	return 0
}

// merge adds one source; nil if there is nothing in it yet.
func (t *Tally) merge(path string) (*ShardState, error) {
	r, err := openJournal(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var d *Description // of this source
	t.ended = ""
	before, wall := t.seen.n, t.wall
	_, err = readJournal(r, func(e entry) error {
		if e.Sweep != nil {
			if err := t.accept(e.Sweep); err != nil {
				return err
			}
			d = e.Sweep
		}
		return t.take(e, strings.TrimSuffix(strings.TrimSuffix(path, archiveEnd), journalFile))
	})
	if t.wall, t.present = t.wall+t.present, 0; t.seen.n == before {
		t.wall = wall // all of it stood elsewhere
	}
	if err != nil || d == nil {
		return nil, err
	}
	return &ShardState{
		Shard: d.Shard, Source: path, Seeds: d.Shard.Seeds(d.Seeds), Ended: t.ended,
		Running: isArchive(path) == 0 && underWay(path), Command: d.CommandOf(d.Shard), seeds: d.Seeds,
	}, nil
}

// accept refuses what is of another sweep than what was read before.
func (t *Tally) accept(d *Description) error {
	if t.Description == nil {
		return nil
	}
	if text := t.Description.differs(d); text != "" {
		return fmt.Errorf("it is of another sweep than those before: %s", text)
	}
	if t.Description.Shard.Of != d.Shard.Of && !(t.Description.Shard.Whole() && d.Shard.Whole()) {
		return fmt.Errorf("it is one of %d shards, those before are of %d", max(1, d.Shard.Of), max(1, t.Description.Shard.Of))
	}
	return nil
}

// underWay says that a process has a journal.
func underWay(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(filelock.Try(f), filelock.ErrHeld)
}

// addState keeps of a shard that was read twice, as from its folder and its archive, what
// says most of how it ended.
func addState(all []ShardState, s ShardState) []ShardState {
	for i := range all {
		if a := &all[i]; a.Shard.String() == s.Shard.String() {
			a.Running = a.Running || s.Running
			if s.Seeds > a.Seeds || a.Ended == "" && !a.Running {
				a.Seeds, a.seeds, a.Ended = s.Seeds, s.seeds, s.Ended
			}
			return all
		}
	}
	return append(all, s)
}

// complete says of each shard how many of its seeds have run, in whatever source that stood.
func (t *Tally) complete(all []ShardState) {
	for i := range all {
		s := &all[i]
		s.Done = t.seen.count(s.Shard)
		s.Left = t.seen.missing(s.seeds, s.Shard, mostLeft)
	}
	slices.SortFunc(all, func(a, b ShardState) int { return a.Shard.Index - b.Shard.Index })
}

// absent are the shards of which nothing is there.
func absent(all []ShardState) (missing []Shard) {
	if len(all) == 0 {
		return nil
	}
	there := map[Shard]bool{}
	for _, s := range all {
		there[s.Shard] = true
	}
	for i := 1; i <= all[0].Shard.Of; i++ {
		if s := (Shard{i, all[0].Shard.Of}); !there[s] {
			missing = append(missing, s)
		}
	}
	return missing
}
