package canary

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
)

// retryEvery is the time from a window that could not be run to the next attempt.
const retryEvery = 5 * time.Second

// windows are those of a check that were judged.
type windows struct {
	number    int
	counts    map[checker.Result]int
	failed    int // number of attempts that could not be run
	failing   time.Time
	cutShort  checker.Result // of the window that an interrupt ended; "" if none did
	latest    []Object       // of the latest window
	kept      [][]Object     // of the windows without a violation whose runs are kept, oldest first
	convicted [][]Object     // of those with one
}

// Windows counts windows by their verdicts.
type Windows struct {
	Valid     int `json:"valid"`
	Violated  int `json:"violated"`
	Undecided int `json:"undecided"`
	Failed    int `json:"failed"` // attempts that could not be run
}

// lengths returns how long each window is, and how many there are; 0 means no end.
func (c Config) lengths() (length time.Duration, n int) {
	switch {
	case c.For == 0:
		return c.Window, 0
	case c.Window == 0:
		return c.For, 1
	}
	n = max(1, int(c.For/c.Window))
	return c.For / time.Duration(n), n
}

// inWindows runs window after window until the check is over. The first window that cannot be run ends the check; a
// later one is tried again, since the ensemble may be down for a while.
func (k *Check) inWindows(ctx context.Context) error {
	length, n := k.lengths()
	for {
		began := time.Now()
		outcomes, err := k.window(ctx, length)
		if ctx.Err() != nil || err != nil && k.windows.number == 0 {
			return err
		}
		k.judged(began, outcomes)
		if err != nil && !k.interrupted() {
			k.couldNotRun(began, err)
			k.pause(ctx)
		}
		if n > 0 && k.windows.number >= n || k.interrupted() {
			return nil
		}
	}
}

func (k *Check) interrupted() bool {
	select {
	case <-k.Interrupt:
		return true
	default:
		return false
	}
}

// pause waits until the next attempt. An interrupt ends it.
func (k *Check) pause(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-k.Interrupt:
			cancel()
		case <-ctx.Done():
		}
	}()
	_ = await.Sleep(ctx, retryEvery)
}

// couldNotRun notes the first of several windows that could not be run.
func (k *Check) couldNotRun(began time.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := &k.windows
	if w.failed++; w.failing.IsZero() {
		w.failing = began
		k.note(Event{At: time.Now(), Kind: Undecided, Text: fmt.Sprintf("window %d cannot be run, and is tried again: %v", w.number+1, err)})
	}
}

// judged notes the verdicts of a window, and removes the runs of the oldest ones. A window of which no object could
// be run is none.
func (k *Check) judged(began time.Time, outcomes []*experiment.Outcome) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := &k.windows
	if !slices.ContainsFunc(outcomes, func(o *experiment.Outcome) bool { return o != nil }) {
		return
	}
	w.number++
	if !w.failing.IsZero() && !slices.Contains(outcomes, nil) {
		took := began.Sub(w.failing)
		k.note(Event{At: time.Now(), Kind: Undecided, Took: took, Text: fmt.Sprintf("window %d could be run, after %s without one", w.number, prose.Elapsed(took))})
		w.failing = time.Time{}
	}
	w.latest = nil
	verdict, early := checker.Valid, false
	for i, o := range outcomes {
		if o == nil {
			verdict = worse(verdict, checker.Unknown)
			continue
		}
		of := k.outcome(i, o)
		w.latest = append(w.latest, of)
		verdict, early = worse(verdict, of.Verdict), early || o.Result.Interrupted
	}
	if early {
		w.cutShort = verdict
	}
	w.counts[verdict]++
	if k.Window == 0 {
		return
	}
	for _, of := range w.latest {
		k.tellVerdict(began, of)
	}
	if verdict == checker.Violation {
		w.convicted = k.rotate(w.convicted)
	} else {
		w.kept = k.rotate(w.kept)
	}
}

// tellVerdict notes what was found in a window, unless the object kept its promises.
func (k *Check) tellVerdict(began time.Time, of Object) {
	window := fmt.Sprintf("window %d (from %s): %s", k.windows.number, clock(began), of.Recipe)
	switch of.Verdict {
	case checker.Violation:
		k.note(Event{At: time.Now(), Kind: Violated, Text: fmt.Sprintf("%s VIOLATED: %s; %s", window, strings.Join(of.Violated, ", "), of.Run)})
	case checker.Unknown:
		k.note(Event{At: time.Now(), Kind: Undecided, Text: fmt.Sprintf("%s undecided: %s", window, strings.Join(of.Reasons(), "; "))})
	}
}

// rotate keeps the runs of the latest window, and removes those of the oldest one if there are too many.
func (k *Check) rotate(all [][]Object) [][]Object {
	all = append(all, k.windows.latest)
	if len(all) <= max(1, k.Keep) {
		return all
	}
	for _, of := range all[0] {
		if err := of.Stored.Remove(); err != nil {
			k.note(Event{At: time.Now(), Kind: Cleaned, Text: fmt.Sprintf("cannot remove the run of an old window: %v", err)})
		}
	}
	return slices.Delete(all, 0, 1)
}

// objects returns those of the latest window, behind those of earlier windows that were violated.
func (w *windows) objects() (all []Object) {
	for _, window := range w.convicted {
		for _, of := range window {
			if of.Verdict == checker.Violation && of.Run != w.latest[0].Run && of.Run != w.latest[len(w.latest)-1].Run {
				all = append(all, of)
			}
		}
	}
	return append(all, w.latest...)
}

// worse returns the verdict of two together.
func worse(a, b checker.Result) checker.Result {
	if b == checker.Violation || b == checker.Unknown && a == checker.Valid {
		return b
	}
	return a
}

// verdict returns that of all windows together. A window that an interrupt cut short, and that is undecided, counts
// only if there is no other.
func (w *windows) verdict() checker.Result {
	undecided := w.counts[checker.Unknown] + w.failed
	if w.cutShort == checker.Unknown && w.number > 1 {
		undecided--
	}
	switch {
	case w.counts[checker.Violation] > 0:
		return checker.Violation
	case undecided > 0:
		return checker.Unknown
	}
	return checker.Valid
}
