package serve

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/filelock"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// entry is a run, a sweep, an exploration or a matrix in the list.
type entry struct {
	Kind                               catalog.Kind
	Path                               string // in the store, with slashes
	Recipe, Subject, Ensemble          string
	Label, Seed, Faults                string
	Started                            time.Time
	Length                             time.Duration // of the load, the sweep or the exploration
	Operations                         int
	State                              catalog.State
	Violated                           []string
	Note                               string // why it cannot be read, or how far it has come
	Report                             string // the page of the run or the sweep; empty if there is none
	Seeds, Done                        int64  // for a sweep; for an exploration, its runs
	Valid, Violations, Unknown, Errors int    // runs of a sweep

	asked *sweep.Asked // the faults that the user of a sweep asked for
	took  []sweep.FaultCount
	open  string // why a run of a sweep was not decided
}

// index lists a store. It does not read files again that have not changed since the last list.
type index struct {
	*files
	lock   *semaphore.Weighted // held while files are read
	runs   map[string]*cachedRun
	shards map[string]*cachedShard
	idle   map[string]stamp // files that no process had locked when they had this stamp
}

type cachedRun struct {
	result, experiment stamp
	entry              entry
}

type cachedShard struct {
	stamp  stamp
	follow *sweep.Follower
	err    error
}

func newIndex(f *files) *index {
	return &index{files: f, lock: semaphore.NewWeighted(1), runs: map[string]*cachedRun{}, shards: map[string]*cachedShard{}, idle: map[string]stamp{}}
}

// list returns everything in the store, newest first. Entries that cannot be read are included, with
// the reason. It is an error if the store itself cannot be read, or if ctx ends.
func (x *index) list(ctx context.Context) ([]entry, error) {
	if err := x.lock.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer x.lock.Release(1)
	recipes, err := x.entries(".")
	if err != nil {
		return nil, fmt.Errorf("list the store: %w", err)
	}
	var all []entry
	for _, d := range recipes {
		switch {
		case !d.IsDir(): // the link "latest", and files that do not belong to the store
		case d.Name() == sweep.StoreFolder:
			all = append(all, x.below(sweep.StoreFolder, catalog.Sweep, x.sweep)...)
		case d.Name() == explore.StoredIn:
			all = append(all, x.below(explore.StoredIn, catalog.Exploration, x.exploration)...)
		case d.Name() == matrix.StoreFolder:
			all = append(all, x.matrices()...)
		default:
			all = append(all, x.recipe(d.Name())...)
		}
	}
	x.forget(all)
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(b.Path, a.Path))
	})
	return all, nil
}

// forget drops what it has cached about entries that are no longer in the store.
func (x *index) forget(all []entry) {
	there := map[string]bool{}
	for _, e := range all {
		there[e.Path] = true
	}
	for name := range x.runs {
		if !there[name] {
			delete(x.runs, name)
		}
	}
	for name := range x.shards {
		if _, err := x.stat(name); err != nil {
			delete(x.shards, name)
		}
	}
}

// entry returns the entry with a name.
func (x *index) entry(ctx context.Context, name string) (entry, bool) {
	all, err := x.list(ctx)
	i := slices.IndexFunc(all, func(e entry) bool { return e.Path == name })
	if err != nil || i < 0 {
		return entry{}, false
	}
	return all[i], true
}

// within reports whether a folder is a run or a sweep of the list, or a run that a sweep has kept.
func (x *index) within(ctx context.Context, name string) bool {
	if !x.folder(name) {
		return false
	}
	if _, ok := x.entry(ctx, name); ok {
		return true
	}
	_, err := x.stat(path.Join(name, historyFile))
	return err == nil
}

const historyFile = "history.jsonl"

// recipe lists the runs of one recipe, as store.List does.
func (x *index) recipe(name string) []entry {
	dirs, err := x.entries(name)
	if err != nil {
		return []entry{{Kind: catalog.Run, Path: name, Recipe: name, State: catalog.Unreadable, Note: oneLine(err)}}
	}
	var all []entry
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		run := path.Join(name, d.Name())
		_, named := (&store.Run{Dir: d.Name()}).Started()
		_, err := x.stat(path.Join(run, historyFile))
		switch {
		case err == nil:
			all = append(all, x.run(run))
		case named || !errors.Is(err, fs.ErrNotExist): // other folders are the user's
			e := entry{Kind: catalog.Run, Path: run, Recipe: name, State: catalog.Unreadable, Note: oneLine(err)}
			if errors.Is(err, fs.ErrNotExist) {
				e.Note = "it has no " + historyFile
			}
			e.Started, _ = (&store.Run{Dir: d.Name()}).Started()
			all = append(all, e)
		}
	}
	return all
}

// run describes one run.
func (x *index) run(name string) entry {
	result, experiment := x.stampIn(name, "result.json"), x.stampIn(name, "experiment.yaml")
	cached := x.runs[name]
	if cached == nil || cached.result != result || cached.experiment != experiment {
		cached = &cachedRun{result: result, experiment: experiment, entry: x.readRun(name)}
		x.runs[name] = cached
	}
	e := cached.entry
	if e.State == catalog.Unfinished && x.runGoesOn(name) {
		e.State = catalog.Running
	}
	if _, err := x.stat(path.Join(name, "report.html")); err == nil {
		e.Report = path.Join(name, "report.html")
	}
	return e
}

func (x *index) stampIn(name, file string) stamp {
	info, err := x.root.Lstat(local(path.Join(name, file)))
	if err != nil {
		return stamp{}
	}
	return stampOf(info)
}

func (x *index) readRun(name string) entry {
	e := entry{Kind: catalog.Run, Path: name, Recipe: path.Dir(name), State: catalog.Unfinished}
	if experiment, err := parsed(x.files, path.Join(name, "experiment.yaml"), store.ParseExperiment); err == nil {
		e.Subject, e.Ensemble, e.Label, e.Faults = cmp.Or(experiment.SubjectCommand, experiment.Subject), experiment.Ensemble, experiment.Label, experiment.Faults.Expression()
		if e.Faults == "" && len(experiment.Schedule) > 0 {
			e.Faults = "a schedule of its own"
		}
		if experiment.Seed != nil {
			e.Seed = fmt.Sprint(*experiment.Seed)
		}
	}
	var started time.Time
	switch r, err := x.result(name); {
	case err == nil:
		started = r.Started
		e.State, e.Violated = catalog.Of(r.Verdict), r.Violated()
		e.Subject, e.Ensemble, e.Label, e.Seed = cmp.Or(r.Subject, e.Subject), r.Ensemble.Backend, r.Label, fmt.Sprint(r.Seed)
		e.Length, e.Operations = r.Stats.Load, r.Stats.Operations
		e.Faults = sweep.FaultsText(e.Faults, sweep.Took(nil, sweep.StruckBy(r)))
		var notes []string
		if r.Interrupted {
			notes = append(notes, "interrupted")
		}
		if why := r.WhyUnknown(); e.State == catalog.Undecided && why != "" {
			notes = append(notes, why)
		}
		e.Note = strings.Join(notes, "; ")
		if e.State == catalog.Unreadable {
			e.Note = fmt.Sprintf("result.json has the verdict %q", printable.Text(string(r.Verdict), 40))
		}
	case !errors.Is(err, fs.ErrNotExist):
		e.State, e.Note = catalog.Unreadable, oneLine(err)
	}
	e.Started = x.started(name, started)
	return e
}

func (x *index) result(name string) (*store.Result, error) {
	return parsed(x.files, path.Join(name, "result.json"), func(text []byte) (*store.Result, error) {
		r, err := store.ParseResult(text)
		if err != nil {
			return nil, fmt.Errorf("result.json: %w", err)
		}
		return r, nil
	})
}

// started returns when a run began: by its name, its result, or its record.
func (x *index) started(name string, result time.Time) time.Time {
	if t, ok := (&store.Run{Dir: name}).Started(); ok {
		return t
	}
	if !result.IsZero() {
		return result.UTC()
	}
	return x.stampIn(name, historyFile).time.UTC()
}

// How long a file may stay unchanged while its writer is still at work: the record of a run that
// waits, and a complete record that is being checked.
const (
	quiet    = 2 * time.Second
	checking = 2 * time.Minute
)

// runGoesOn reports whether a process writes the record of a run without a result, or checks it.
func (x *index) runGoesOn(name string) bool {
	file, info, err := x.open(path.Join(name, historyFile))
	if err != nil {
		return false
	}
	defer file.Close()
	if time.Since(info.ModTime()) < quiet || x.held(path.Join(name, historyFile), info, file) {
		return true
	}
	return time.Since(info.ModTime()) < checking && hasEnd(file, info.Size())
}

// held reports whether a process has a file locked. A file that was not locked is checked again only
// after it has changed, since the check itself takes the lock for an instant.
func (x *index) held(name string, info fs.FileInfo, file *os.File) bool {
	if x.idle[name] == stampOf(info) {
		return false
	}
	if errors.Is(filelock.Try(file), filelock.ErrHeld) {
		return true
	}
	x.idle[name] = stampOf(info)
	return false
}

// hasEnd reports whether a record has its last event.
func hasEnd(file io.ReaderAt, size int64) bool {
	last := make([]byte, min(size, 4096))
	if _, err := file.ReadAt(last, size-int64(len(last))); err != nil {
		return false
	}
	last = bytes.TrimRight(last, "\n")
	return bytes.Contains(last[bytes.LastIndexByte(last, '\n')+1:], []byte(`"f":"end"`))
}

// below lists the entries that a folder has for each recipe.
func (x *index) below(folder string, kind catalog.Kind, one func(name, recipe string) (entry, bool)) (all []entry) {
	recipes, err := x.entries(folder)
	if err != nil {
		return []entry{{Kind: kind, Path: folder, State: catalog.Unreadable, Note: oneLine(err)}}
	}
	for _, recipe := range recipes {
		names, _ := x.entries(path.Join(folder, recipe.Name()))
		for _, name := range names {
			if !name.IsDir() {
				continue
			}
			if e, ok := one(path.Join(folder, recipe.Name(), name.Name()), recipe.Name()); ok {
				all = append(all, e)
			}
		}
	}
	return all
}

// exploration describes an exploration. ok is false if the folder is not one.
func (x *index) exploration(name, recipe string) (e entry, ok bool) {
	now := x.stampIn(name, explore.StoredFile)
	if now == (stamp{}) {
		return e, false
	}
	defer func() {
		if page := path.Join(name, explore.PageFile); x.stampIn(name, explore.PageFile) != (stamp{}) {
			e.Report = page
		}
	}()
	if cached := x.runs[name]; cached != nil && cached.result == now {
		return cached.entry, true
	}
	e = entry{Kind: catalog.Exploration, Path: name, Recipe: recipe}
	if r, err := x.explored(name); err != nil {
		e.State, e.Note, e.Started = catalog.Unreadable, oneLine(err), now.time.UTC()
	} else {
		e.Subject, e.Label, e.Seed, e.Started, e.Length = r.Subject, r.Label, fmt.Sprint(r.Seed), r.Began, r.Took
		e.State, e.Note = catalog.Of(r.Verdict), explorationNote(r)
		e.Faults = fmt.Sprintf("%d of %d single faults", r.Singles.Tried+r.Singles.Implied, r.Singles.All)
		if r.Pairs.All > 0 {
			e.Faults += fmt.Sprintf(", %d of %d pairs", r.Pairs.Tried+r.Pairs.Implied, r.Pairs.All)
		}
		e.Done, e.Seeds = int64(r.Runs), int64(r.Runs)
		e.Violations = r.Singles.Broke + r.Pairs.Broke
		e.Valid = max(0, r.Runs-e.Violations)
		for _, c := range r.Found {
			if !slices.Contains(e.Violated, c.Property) {
				e.Violated = append(e.Violated, c.Property)
			}
		}
	}
	x.runs[name] = &cachedRun{result: now, entry: e}
	return e, true
}

// explorationNote says why an exploration is undecided, and why it ended early.
func explorationNote(r explore.Stored) string {
	notes := slices.Clone(r.Why)
	if r.Ended != "" {
		notes = append(notes, r.Ended)
	}
	return strings.Join(notes, "; ")
}

// matrices describes the matrices. Folders without the file of a matrix are the user's.
func (x *index) matrices() (all []entry) {
	names, err := x.entries(matrix.StoreFolder)
	if err != nil {
		return []entry{{Kind: catalog.Matrix, Path: matrix.StoreFolder, State: catalog.Unreadable, Note: oneLine(err)}}
	}
	for _, d := range names {
		name := path.Join(matrix.StoreFolder, d.Name())
		if now := x.stampIn(name, matrix.StoredFile); d.IsDir() && now != (stamp{}) {
			all = append(all, x.matrix(name, now))
		}
	}
	return all
}

// matrix describes a matrix, whose file was last written at a time.
func (x *index) matrix(name string, written stamp) entry {
	e := entry{Kind: catalog.Matrix, Path: name}
	if cached := x.runs[name]; cached != nil && cached.result == written {
		e = cached.entry
	} else if m, err := parsed(x.files, path.Join(name, matrix.StoredFile), matrix.ParseStored); err != nil {
		e.State, e.Note, e.Started = catalog.Unreadable, oneLine(err), written.time.UTC()
	} else {
		e.Recipe, e.Ensemble, e.Label, e.Started = strings.Join(m.Names(), " "), strings.Join(m.Servers, " "), m.Label, m.Began
		e.State, e.Violated, e.Note = catalog.Of(m.Verdict), m.Violated(), prose.Count(m.Runs(), "run")
	}
	x.runs[name] = &cachedRun{result: written, entry: e}
	if page := path.Join(name, matrix.PageFile); x.stampIn(name, matrix.PageFile) != (stamp{}) {
		e.Report = page
	}
	return e
}

func (x *index) explored(name string) (explore.Stored, error) {
	return parsed(x.files, path.Join(name, explore.StoredFile), explore.ParseStored)
}

// shardsOf returns the journals of a sweep, and the archives of shards whose folders are elsewhere.
func (x *index) shardsOf(name string) (sources []string) {
	inside, _ := x.entries(name)
	for _, d := range inside {
		switch {
		case d.Name() == sweep.JournalFile:
			sources = append(sources, path.Join(name, d.Name()))
		case d.IsDir():
			if journal := path.Join(name, d.Name(), sweep.JournalFile); x.stampIn(path.Dir(journal), sweep.JournalFile) != (stamp{}) {
				sources = append(sources, journal)
			}
		case strings.HasSuffix(d.Name(), sweep.ArchiveEnd):
			if x.stampIn(path.Join(name, strings.TrimSuffix(d.Name(), sweep.ArchiveEnd)), sweep.JournalFile) == (stamp{}) {
				sources = append(sources, path.Join(name, d.Name()))
			}
		}
	}
	return sources
}

// sweep describes a sweep. ok is false if the folder is not one.
func (x *index) sweep(name, recipe string) (e entry, ok bool) {
	sources := x.shardsOf(name)
	if len(sources) == 0 {
		return e, false
	}
	e = entry{Kind: catalog.Sweep, Path: name, Recipe: recipe}
	running := false
	for _, source := range sources {
		f, err := x.shard(source)
		if err != nil {
			e.State, e.Note = catalog.Unreadable, oneLine(err)
			continue
		}
		e.add(f)
		running = running || x.shardGoesOn(source, f)
	}
	for _, f := range x.findings(sources) {
		if !slices.Contains(e.Violated, f.Property) {
			e.Violated = append(e.Violated, f.Property)
		}
	}
	switch {
	case e.State == catalog.Unreadable:
	case running:
		e.State = catalog.Running
	case e.Violations > 0:
		e.State = catalog.Violation
	case e.Done < e.Seeds:
		e.State = catalog.Unfinished
	case e.Errors > 0 || e.Valid == 0:
		e.State, e.Note = catalog.Undecided, cmp.Or(e.open, "some runs could not be run")
	case e.asked.Unseen(e.took) != "":
		e.State, e.Note = catalog.Undecided, e.asked.Unseen(e.took)
	default:
		e.State = catalog.NoneViolated
	}
	if !running && e.asked != nil {
		e.Faults = sweep.FaultsText(e.Faults, e.took)
	}
	if page := path.Join(name, sweep.PageFile); x.stampIn(name, sweep.PageFile) != (stamp{}) && e.State != catalog.Running {
		e.Report = page
	}
	return e, true
}

// add counts a shard.
func (e *entry) add(f *sweep.Follower) {
	e.Done += f.Lines
	e.Valid += f.Verdicts[checker.Valid]
	e.Violations += f.Verdicts[checker.Violation]
	e.Unknown += f.Verdicts[checker.Unknown]
	e.Errors += f.Errors
	e.Length += f.Took
	e.took = append(e.took, f.Effective...)
	e.open = cmp.Or(e.open, f.WhyUnknown)
	if d := f.Description; d != nil {
		e.asked = d.Asked
		e.Subject, e.Label, e.Faults, e.Ensemble = cmp.Or(d.Setting("subject-command"), d.Setting("subject"), e.Subject), d.Setting("label"), d.Setting("faults"), d.Setting("ensemble")
		e.Seeds += d.Shard.Seeds(d.Seeds)
		e.Seed = d.Seeds.Brief(3)
	}
	if e.Started.IsZero() || !f.Began.IsZero() && f.Began.Before(e.Started) {
		e.Started = f.Began
	}
}

// shard reads what was added to a journal since the last time.
func (x *index) shard(source string) (*sweep.Follower, error) {
	file, info, err := x.open(source)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cached := x.shards[source]
	if cached != nil && cached.stamp == stampOf(info) {
		return cached.follow, cached.err
	}
	if cached == nil || cached.err != nil || info.Size() < cached.follow.Offset() || strings.HasSuffix(source, sweep.ArchiveEnd) {
		cached = &cachedShard{follow: sweep.NewFollower(path.Dir(source) + "/")}
		x.shards[source] = cached
	}
	cached.stamp = stampOf(info)
	cached.err = follow(cached.follow, file, source)
	return cached.follow, cached.err
}

// follow reads a journal, or an archive as a whole.
func follow(f *sweep.Follower, file io.ReaderAt, source string) error {
	if !strings.HasSuffix(source, sweep.ArchiveEnd) {
		return f.Next(file)
	}
	const most = 1 << 30
	in, err := gzip.NewReader(io.NewSectionReader(file, 0, most))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(in, most))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return f.Next(bytes.NewReader(text))
}

// shardGoesOn reports whether a process runs seeds of a shard.
func (x *index) shardGoesOn(source string, f *sweep.Follower) bool {
	if f.Ended != "" || strings.HasSuffix(source, sweep.ArchiveEnd) {
		return false
	}
	file, info, err := x.open(source)
	if err != nil {
		return false
	}
	defer file.Close()
	return time.Since(info.ModTime()) < quiet || x.held(source, info, file)
}

// findings adds up what the shards of a sweep found, by cause.
func (x *index) findings(sources []string) (all []sweep.Finding) {
	at := map[string]int{}
	for _, source := range sources {
		cached := x.shards[source]
		if cached == nil || cached.err != nil {
			continue
		}
		for _, f := range cached.follow.Findings() {
			i, ok := at[f.Key()]
			if !ok {
				at[f.Key()] = len(all)
				all = append(all, f)
				continue
			}
			all[i].Count += f.Count
			if f.Smallest.Events < all[i].Smallest.Events {
				all[i].Smallest = f.Smallest
			}
		}
	}
	slices.SortStableFunc(all, func(a, b sweep.Finding) int { return b.Count - a.Count })
	return all
}

// sweepFindings returns the findings of a sweep, given its name.
func (x *index) sweepFindings(ctx context.Context, name string) []sweep.Finding {
	if x.lock.Acquire(ctx, 1) != nil {
		return nil
	}
	defer x.lock.Release(1)
	return x.findings(x.shardsOf(name))
}

// version returns a hash of a list, by which browsers notice that the list has changed.
func version(all []entry) string {
	h := fnv.New64a()
	for _, e := range all {
		fmt.Fprintf(h, "%+v\n", e)
	}
	return fmt.Sprintf("%x", h.Sum64())
}

// oneLine returns an error for people, on one line.
func oneLine(err error) string {
	text := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	return printable.Text(text, 400)
}
