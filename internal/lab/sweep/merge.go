package sweep

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/filelock"
)

// mostLeft bounds the ranges of missing seeds that are named for a shard.
const mostLeft = 8

// Merge adds up the folders and archives of one sweep. It can do so at any time: while some shards
// still run, and after others died. A path is the folder of a sweep with all of its shards, the folder
// of one shard, or an archive. If a shard has both a folder and an archive, the folder counts: it is
// newer, and has the kept runs. Memory does not grow with the runs.
func Merge(paths []string) (*Summary, error) {
	return MergeEach(paths, nil)
}

// MergeEach is like Merge, and also passes each run to a function, unless that is nil.
func MergeEach(paths []string, each func(*Line)) (*Summary, error) {
	sources, err := sourcesIn(paths)
	if err != nil {
		return nil, err
	}
	all := NewTally()
	all.each = each
	shards := shardStates{}
	for _, path := range sources {
		state, err := all.merge(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if state != nil {
			shards.add(*state)
		}
	}
	if all.Description == nil {
		return nil, fmt.Errorf("there is no sweep in %s", strings.Join(paths, ", "))
	}
	s := all.Summary()
	s.Shards = shards.complete(&all.seen)
	s.Absent = absent(s.Shards)
	s.forget()
	return s, nil
}

// RequireWhole turns a valid verdict into unknown while runs are missing: those of shards that
// died, still run, were interrupted, or have no file.
func (s *Summary) RequireWhole() {
	missing := slices.ContainsFunc(s.Shards, func(h ShardState) bool { return h.Done < h.Seeds && h.Ended != TimeIsUp && h.Ended != Enough })
	if s.Verdict == checker.Valid && (missing || len(s.Absent) > 0) {
		s.Verdict, s.Why = checker.Unknown, "not all seeds were run"
	}
}

// forget removes the names of kept runs' folders that do not exist here: an archive has none.
func (s *Summary) forget() {
	for i := range s.Findings {
		kept := &s.Findings[i].Smallest.Kept
		if _, err := os.Stat(*kept); err != nil {
			*kept = ""
		}
	}
}

// merge adds one source. It returns nil if there is nothing in the source yet.
func (t *Tally) merge(path string) (*ShardState, error) {
	r, err := openEntries(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	zip, _ := r.(*archiveReader)
	var d *Description // the description in this source
	t.ended = ""
	before, wall := t.seen.n, t.wall
	_, err = readJournal(r, func(e entry) error {
		if e.Sweep != nil {
			if err := t.accept(e.Sweep); err != nil {
				return err
			}
			d = e.Sweep
		}
		return t.take(e, strings.TrimSuffix(strings.TrimSuffix(path, ArchiveEnd), JournalFile))
	})
	if t.wall, t.present = t.wall+t.present, 0; t.seen.n == before {
		t.wall = wall // all of its lines were in other sources
	}
	if err != nil || d == nil {
		return nil, err
	}
	return &ShardState{
		Shard: d.Shard, Source: path, Seeds: d.Shard.Seeds(d.Seeds), Ended: t.ended,
		Running: isArchive(path) == 0 && filelock.Held(path), Command: d.CommandOf(d.Shard), seeds: d.Seeds,
		Cut: zip != nil && zip.cut,
	}, nil
}

// accept returns an error if d describes another sweep than the sources before.
func (t *Tally) accept(d *Description) error {
	if t.Description == nil {
		return nil
	}
	if text := t.Description.differs(d); text != "" {
		return fmt.Errorf("it belongs to a different sweep: %s; give the folders of one sweep", text)
	}
	if t.Description.Shard.Of != d.Shard.Of && !(t.Description.Shard.Whole() && d.Shard.Whole()) {
		return fmt.Errorf("it is one of %d shards, but the others are of %d", max(1, d.Shard.Of), max(1, t.Description.Shard.Of))
	}
	return nil
}

// shardStates holds what was read of each shard, by its text. They may be a hundred thousand.
type shardStates map[string]*ShardState

// add adds the state of a shard. If the shard was read twice, for example from its folder and its
// archive, add keeps the state that says most about how the shard ended.
func (all shardStates) add(s ShardState) {
	a := all[s.Shard.String()]
	if a == nil {
		all[s.Shard.String()] = &s
		return
	}
	a.Running = a.Running || s.Running
	if s.Seeds > a.Seeds || a.Ended == "" && !a.Running {
		a.Seeds, a.seeds, a.Ended, a.Cut = s.Seeds, s.seeds, s.Ended, s.Cut
	}
}

// complete fills in, for each shard, how many of its seeds have run according to all sources, and
// returns the shards in order. All states must have the same number of shards.
func (all shardStates) complete(seen *seedSet) []ShardState {
	var done []int64
	list := make([]ShardState, 0, len(all))
	for _, s := range all {
		if done == nil {
			done = seen.counts(max(1, s.Shard.Of))
		}
		s.Done = done[max(1, s.Shard.Index)-1]
		if s.Done < s.Seeds {
			s.Left = seen.missing(s.seeds, s.Shard, mostLeft)
		}
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b ShardState) int { return a.Shard.Index - b.Shard.Index })
	return list
}

// absent returns the shards without any source.
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
