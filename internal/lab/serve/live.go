package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// How often streams look for news.
const (
	lookEvery = time.Second
	listEvery = 2 * time.Second
)

// stream sends what next returns, in the form of server-sent events, until the browser is gone, the
// server ends, or next reports that it was the last event.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, every time.Duration, next func(context.Context) (name string, data any, last bool)) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		name, data, last := next(r.Context())
		text := ": still here\n\n"
		if name != "" {
			b, err := json.Marshal(data)
			if err != nil {
				return
			}
			text = fmt.Sprintf("event: %s\ndata: %s\n\n", name, b)
		}
		if _, err := io.WriteString(w, text); err != nil || out.Flush() != nil || last {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
		}
	}
}

// listEvents sends an event when the list differs from version v.
func (s *Server) listEvents(w http.ResponseWriter, r *http.Request) {
	known := r.URL.Query().Get("v")
	s.stream(w, r, listEvery, func(ctx context.Context) (string, any, bool) {
		all, err := s.index.list(ctx)
		if err != nil {
			return "", nil, false
		}
		now := version(all)
		if now == known {
			return "", nil, false
		}
		known = now
		return "changed", now, false
	})
}

// liveEvents sends the progress of a run or a sweep, and its end.
func (s *Server) liveEvents(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	if _, ok := s.index.entry(r.Context(), name); !ok {
		s.absent(w, r, name)
		return
	}
	s.stream(w, r, lookEvery, func(ctx context.Context) (string, any, bool) {
		e, ok := s.index.entry(ctx, name)
		if !ok || e.State != catalog.Running {
			return "over", e.State, true
		}
		if e.Kind == catalog.Sweep {
			return "now", s.sweepNow(ctx, e), false
		}
		return "now", s.live.now(ctx, name), false
	})
}

// live follows the runs that a browser watches.
type live struct {
	*files
	mu       sync.Mutex
	watched  map[string]*watched
	checking *semaphore.Weighted // one record is checked at a time
}

// watched is a run that a browser watches, or watched a moment ago.
type watched struct {
	lock  *semaphore.Weighted // held while the record is read
	pulse pulse
	last  time.Time

	mu       sync.Mutex
	findings []string
	looked   string
	next     int64 // how long the record must be for the next check
}

func newLive(f *files) *live {
	return &live{files: f, watched: map[string]*watched{}, checking: semaphore.NewWeighted(1)}
}

// forgotten is how long the state of a run is kept after the last browser has stopped watching it.
const forgotten = time.Minute

func (l *live) of(name string) *watched {
	l.mu.Lock()
	defer l.mu.Unlock()
	for other, w := range l.watched {
		if time.Since(w.last) > forgotten {
			delete(l.watched, other)
		}
	}
	w := l.watched[name]
	if w == nil {
		w = &watched{lock: semaphore.NewWeighted(1)}
		l.watched[name] = w
	}
	w.last = time.Now()
	return w
}

// now reads what a run has recorded.
func (l *live) now(ctx context.Context, name string) snapshot {
	w := l.of(name)
	if err := w.lock.Acquire(ctx, 1); err != nil {
		return snapshot{}
	}
	defer w.lock.Release(1)
	file, _, err := l.open(path.Join(name, historyFile))
	if err == nil {
		defer file.Close()
		err = w.pulse.read(file, l.declare)
	}
	s := w.pulse.snapshot()
	if err != nil {
		s.Error = oneLine(err)
		return s
	}
	l.look(ctx, w, name)
	w.mu.Lock()
	defer w.mu.Unlock()
	s.Findings, s.Looked = w.findings, w.looked
	return s
}

// Bounds of the checks of a growing record, since the run itself needs the machine: only records
// that are not too long are checked, again after each growth by a quarter, and for no longer than
// the budget.
const (
	mostChecked = 24 << 20 // bytes
	lookBudget  = 5 * time.Second
	firstLook   = 16 << 10
)

// look checks the record as far as it is written, in the background. A violation that it finds stands;
// if it finds none, that means nothing.
func (l *live) look(ctx context.Context, w *watched, name string) {
	size := w.pulse.tail.Offset()
	w.mu.Lock()
	due := size >= max(w.next, firstLook)
	if size > mostChecked {
		due, w.looked = false, "The record is too long to look for violations while the run goes on."
	}
	w.mu.Unlock()
	if !due || !l.checking.TryAcquire(1) {
		return
	}
	at := w.pulse.Now
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer l.checking.Release(1)
		findings, err := l.violations(ctx, name, size)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.next = size + size/4
		if w.looked = "Looked for violations at " + prose.Elapsed(at) + "."; err != nil {
			w.looked = "Could not look for violations: " + oneLine(err)
			return
		}
		w.findings = findings
	}()
}

// violations lists the violations in the first bytes of a record.
func (l *live) violations(ctx context.Context, name string, size int64) ([]string, error) {
	file, _, err := l.open(path.Join(name, historyFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	h, err := history.Read(io.NewSectionReader(file, 0, size))
	if err != nil {
		return nil, err
	}
	l.declare(&h.Header)
	report := checker.Run(ctx, h, checker.Options{Budget: lookBudget, NoReference: true})
	found := []string{}
	for _, v := range report.Verdicts {
		if v.Result != checker.Violation || v.Measured {
			continue
		}
		text := v.Property
		if v.Key != "" {
			text += " of " + v.Key
		}
		found = append(found, printable.Text(text+": "+v.Reason, 400))
	}
	return slices.Compact(found), nil
}

// sweepSnapshot describes the progress of a sweep.
type sweepSnapshot struct {
	Done     string         `json:"done"`
	Rate     string         `json:"rate"`
	Left     string         `json:"left"`
	Counts   string         `json:"counts"`
	Share    [4]float64     `json:"share"` // see sharesOf
	Findings []sweepFinding `json:"findings"`
}

// sweepFinding is a finding of a sweep for people.
type sweepFinding struct {
	Property string `json:"property"`
	Text     string `json:"text"`            // a sentence about the smallest run, if that is known
	Shape    string `json:"shape,omitempty"` // what all of them have in common, if Text does not say it
	Runs     string `json:"runs"`
	Kept     string `json:"kept,omitempty"` // the address of its smallest run
	Seed     int64  `json:"seed"`
}

func (s *Server) sweepNow(ctx context.Context, e entry) sweepSnapshot {
	now := sweepSnapshot{Done: doneWords(e), Counts: countWords(e), Findings: s.sweepFindingsOf(ctx, e)}
	now.Share = sharesOf(e)
	rate := s.index.rate(ctx, e.Path)
	if rate > 0 {
		now.Rate = fmt.Sprintf("%.1f runs a second", rate)
		if left := float64(e.Seeds-e.Done) / rate; e.Seeds < endless && left < 1e6 {
			now.Left = "about " + prose.Length(time.Duration(left)*time.Second)
		}
	}
	return now
}

// endless is the number of seeds of a sweep that only its time ends.
const endless = 1e9

// sharesOf returns the shares of the seeds that are valid, undecided, violated and could not be run; for
// a sweep without an end, the shares of the runs.
func sharesOf(e entry) (shares [4]float64) {
	all := e.Seeds
	if all >= endless || all == 0 {
		all = max(e.Done, 1)
	}
	for i, n := range []int{e.Valid, e.Unknown, e.Violations, e.Errors} {
		shares[i] = float64(n) / float64(all)
	}
	return shares
}

func doneWords(e entry) string {
	if e.Seeds >= endless {
		return prose.Grouped(int(e.Done)) + " runs"
	}
	return fmt.Sprintf("%s of %s runs", prose.Grouped(int(e.Done)), prose.Grouped(int(e.Seeds)))
}

func countWords(e entry) string {
	text := fmt.Sprintf("%s violated, %s undecided, %s valid", prose.Grouped(e.Violations), prose.Grouped(e.Unknown), prose.Grouped(e.Valid))
	if e.Errors > 0 {
		text += fmt.Sprintf(", %s could not be run", prose.Grouped(e.Errors))
	}
	return text
}

// mostFindings bounds the findings on a page.
const mostFindings = 100

func (s *Server) sweepFindingsOf(ctx context.Context, e entry) []sweepFinding {
	found := s.index.sweepFindings(ctx, e.Path)
	out := []sweepFinding{}
	for _, f := range found[:min(len(found), mostFindings)] {
		cause := told(f.Cause, f.Smallest.Told)
		one := sweepFinding{Property: f.Property, Text: cause.Text, Shape: cause.Shape, Runs: fmt.Sprintf("in %s of %s runs", prose.Grouped(f.Count), prose.Grouped(int(e.Done))), Seed: f.Smallest.Seed}
		if kept := path.Clean(f.Smallest.Kept); f.Smallest.Kept != "" && s.index.folder(kept) {
			one.Kept = link("run", kept)
		}
		out = append(out, one)
	}
	return out
}

// cameTo says how many runs a sweep had, and how many of these had a violation.
func cameTo(e entry) string {
	switch {
	case e.Violations == 0:
		return doneWords(e)
	case e.Done >= e.Seeds || e.Seeds >= endless:
		return fmt.Sprintf("violated in %s of %s runs", prose.Grouped(e.Violations), prose.Grouped(int(e.Done)))
	}
	return fmt.Sprintf("violated in %s; %s", prose.Grouped(e.Violations), doneWords(e))
}

// eachOnce returns a fault expression with each item once, and with the number of its occurrences. It keeps
// the remark in brackets at the end, about faults without effect.
func eachOnce(faults string) string {
	expression, note, noted := strings.Cut(faults, " (")
	var names []string
	often := map[string]int{}
	for name := range strings.SplitSeq(expression, ",") {
		name = strings.TrimSpace(name)
		if often[name]++; often[name] == 1 {
			names = append(names, name)
		}
	}
	for i, name := range names {
		if n := often[name]; n > 1 {
			names[i] += " (" + prose.Times(n) + ")"
		}
	}
	text := strings.Join(names, ", ")
	if noted {
		text += " (" + note
	}
	return text
}

// causeWords describes a cause for people.
func causeWords(c sweep.Cause) string {
	text := printable.Text(c.Shape, 400)
	if len(c.Faults) > 0 {
		text += ", with " + printable.Text(joined(c.Faults), 200)
	}
	return text
}

// rate returns the sum of the rates of a sweep's shards.
func (x *index) rate(ctx context.Context, name string) (sum float64) {
	if x.lock.Acquire(ctx, 1) != nil {
		return 0
	}
	defer x.lock.Release(1)
	for _, source := range x.shardsOf(name) {
		if cached := x.shards[source]; cached != nil && cached.err == nil && cached.follow.Ended == "" {
			sum += cached.follow.Rate()
		}
	}
	return sum
}
