package configs

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
)

// order requires that no watcher was told an older setting after a later one, even if its sessions
// ended in between. Skipping values is fine, and so is repeating one.
//
// A value is set only once, so it is in force for one stretch of time and does not come back. Apart
// from that, a change is older than another one only if real time shows it: it had taken effect
// when the other one was called. Of several deletions that can explain why there was no value, the
// earliest is chosen, which never accuses a correct subject. That is exact for one watcher,
// whatever the outcomes of the sets. If two watchers were told of two values in different orders,
// they are compared only where the log shows which value was set first.
var order = &frame.Property{
	Name:    "order",
	Meaning: "no watcher was told an older value after a newer one, across reconnects, expiries and deletes",
	Decider: "sweep over watchers",
	Evidence: func(a *evidence.Record) string {
		if nodesOf(a).Trusted() {
			return "R, L"
		}
		return "R"
	},
	Decide: onConfig(func(f *frame.Finding, c *config) {
		for _, w := range c.watches {
			s := sweep{f: f, c: c, w: w, told: map[string]*observation{}}
			s.run()
		}
		decideByLog(f, c)
	}),
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		missing := enough(a, figures)
		if missing == "" && a.ExpectsExpiries() { // what a client was told before its next session is easily forgotten
			missing = frame.Few(figures["over_sessions"], 1, "watchers that saw settings in two sessions")
		}
		return missing
	},
}

// sweep goes through what one watcher was told.
type sweep struct {
	f    *frame.Finding
	c    *config
	w    *watch
	told map[string]*observation // the first observation of each value

	prev *observation
	// The change that was called last among those that the watcher was told of: nothing
	// that had happened before that call may follow.
	since *change
	shown *observation // the observation by which the watcher was told
	why   []int        // of several deletes: the events that show that it was this one
}

func (s *sweep) run() {
	for _, now := range s.w.observations {
		if s.prev != nil && now.same(s.prev) {
			continue
		}
		if now.absent {
			s.none(now)
		} else {
			s.value(now)
		}
		s.prev = now
	}
}

// value checks a value that the watcher was told, and records it if it is in order. A value that no
// client set has no place in the order.
func (s *sweep) value(now *observation) {
	x, before := s.c.setter[now.value], s.told[now.value]
	switch {
	case x == nil:
		return
	case before != nil:
		s.violated(now, append(x.events(), before.events()...), "again, after %s at %s: a value that is set once does not come back", s.prev.what(), words.At(s.prev.ret))
	case s.since != nil && x.by() < s.since.inv:
		s.violated(now, append(x.events(), s.since.events()...), "which had been set by %s, after %s at %s, %s", words.At(x.by()), s.shown.what(), words.At(s.shown.ret), s.since.began())
	default:
		s.told[now.value] = now
		s.tell(x, now, nil)
	}
}

// none records that the watcher was told that there is no value.
func (s *sweep) none(now *observation) {
	var earliest *change
	i := 0
	if s.since != nil {
		i, _ = slices.BinarySearch(s.c.goneBy, s.since.inv)
	}
	if i < len(s.c.removed) && s.c.removed[i].inv <= now.ret {
		earliest = s.c.removed[i]
	}
	if earliest == nil {
		s.violated(now, s.since.events(), "after %s at %s, %s: it had not been deleted since", s.shown.what(), words.At(s.shown.ret), s.since.began())
		return
	}
	why := slices.Clone(s.since.events())
	if s.shown != nil {
		why = append(why, s.shown.events()...)
	}
	s.tell(earliest, now, why)
}

func (s *sweep) tell(x *change, now *observation, why []int) {
	if s.since == nil || x.inv > s.since.inv {
		s.since, s.shown, s.why = x, now, why
	}
}

func (s *sweep) violated(now *observation, counterexample []int, format string, args ...any) {
	if s.f.Again() {
		return
	}
	counterexample = slices.Concat(counterexample, now.events(), s.prev.events(), s.why)
	if s.shown != nil {
		counterexample = slices.Concat(counterexample, s.shown.events())
	}
	s.f.Violated(counterexample, "%s, %s", s.c.told(now), fmt.Sprintf(format, args...))
}

// decideByLog matches what each watcher was told with the changes in the log, each as early as
// possible. A value comes only once, even if the log has holes. A deletion can be missing in the
// log, so an answer that there was no value counts only if the log is complete up to the answer.
func decideByLog(f *frame.Finding, c *config) {
	p := nodesOf(c.Record).znodeStates(c.name)
	if p == nil || f.Result != "" {
		return
	}
	for _, w := range c.watches {
		at, prev := 0, (*observation)(nil)
		for _, s := range w.observations {
			places := p.places[stated(s.value, s.absent)]
			i, _ := slices.BinarySearch(places, at)
			switch {
			case len(places) == 0, s.absent && !c.allUntil(s): // what the watcher saw is unknown
			case i < len(places):
				at, prev = places[i], s
			default:
				f.ByLog = true
				f.Violated(slices.Concat(s.events(), prev.events()), "%s, after %s at %s: in the transaction log that state came before, and never again",
					c.told(s), prev.what(), words.At(prev.ret))
				return
			}
		}
	}
}

// allUntil reports whether the log has everything that a watcher can have been told.
func (c *config) allUntil(s *observation) bool {
	high, _, ok := c.Zxids.Ceil(s.ret)
	return ok && c.FromBeginning(high)
}
