package explain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
)

// Fault is a fault that was in force during some of the steps.
type Fault struct {
	From, To time.Duration
	Name     string        // what the drawing calls it: pause server 2
	what     string        // server 2, the leader, was paused
	by       time.Duration // it had begun by then; From if it began at once
	moment   bool          // it happened at once
	open     bool          // it is not known to have ended
	expired  bool          // it ended the sessions of its clients, by keeping them away
	clients  []int         // the clients that it hit, unless it hit servers
}

// faultOf describes a fault and its window. exits holds the times at which processes of its
// clients were killed.
func faultOf(f *stats.Fault, w stats.Window, exits []time.Duration) Fault {
	out := Fault{From: w.From, To: w.Until, by: w.From, moment: w.From == w.Until, open: f.Healed == 0 && (f.Outcome == "" || f.Outcome == history.StepVerified)}
	kind, as := printable.Text(f.Kind, 20), kinds.Named(f.Kind)
	switch seen := f.Outcome == history.StepVerified; {
	case f.Traits.Crashes && len(exits) > 0:
		out.From, out.by = slices.Min(exits), slices.Max(exits)
	case seen && f.Traits.Sessions == history.EndByTimeout:
		out.expired, out.by = true, max(w.From, f.Verified)
	case seen && as.Hits.Clients() && as.Hits != kinds.Messages: // it may have waited for a client to hit
		out.by = max(w.From, f.Verified)
	}
	whom, ids := "server", f.Servers
	if as.Was != "" && as.Hits.Clients() || len(f.Servers) == 0 {
		whom, ids = "client", f.Clients
		out.clients = f.Clients
	}
	known := as.Was != "" && as.Hits.Clients() == (whom == "client")
	switch {
	case len(ids) == 0:
		out.Name, out.what = kind, "the fault "+printable.Text(cmp.Or(f.Spec, f.Kind), 60)+" was in force"
	case known && len(ids) == 1:
		out.Name = kind + " " + whom + " " + prose.Numbers(ids)
		out.what = whom + " " + prose.Numbers(ids) + leader(f, whom) + " " + as.Was
	case known:
		out.Name = kind + " " + whom + "s " + prose.Numbers(ids)
		out.what = whom + "s " + prose.Numbers(ids) + " " + as.Were
	default:
		out.Name = kind + " " + whom + " " + prose.Numbers(ids)
		out.what = "the fault " + printable.Text(cmp.Or(f.Spec, f.Kind), 60) + " was in force for " + whom + " " + prose.Numbers(ids)
	}
	out.moment = out.moment || known && as.Moment
	return out
}

// leader returns ", the leader," if the fault was aimed at the leader.
func leader(f *stats.Fault, whom string) string {
	_, where, _ := strings.Cut(f.Spec, ":")
	where, _, _ = strings.Cut(where, "@")
	if where, _, _ = strings.Cut(where, "+"); whom == "server" && where == "leader" {
		return ", the leader,"
	}
	return ""
}

// text returns the fault's sentence.
func (f *Fault) text(clock Clock) string {
	from, by := clock(f.From), clock(f.by)
	switch late := from != by; {
	case f.moment && late:
		return f.what + " between " + from + " and " + by
	case f.moment:
		return f.what + " at " + from
	case late && f.expired: // nothing shows when it began
		from += " or later"
	case late:
		from = by + " at the latest"
	}
	if f.open {
		return f.what + " from " + from + " on"
	}
	text := f.what + " from " + from + " to " + clock(f.To)
	if f.expired {
		text += "; " + f.sessions() + " expired in that time"
	}
	return text
}

// sessions names the sessions of the fault's clients.
func (f *Fault) sessions() string {
	if len(f.clients) == 1 {
		return "its session"
	}
	return "their sessions"
}

// mostFaults is the maximum number of faults that are described and drawn.
const mostFaults = 4

// overlapping keeps the faults that overlap a step. A fault that hit clients must overlap a step of
// one of them. If there are many, faults during which something began or ended come first.
func (s *Scene) overlapping(all []Fault) {
	if len(s.Steps) == 0 {
		return
	}
	moments := s.moments()
	var of []Fault
	touched := func(f Fault) int {
		i, _ := slices.BinarySearch(moments, f.From)
		if i < len(moments) && moments[i] <= f.To {
			return 0
		}
		return 1
	}
	for _, f := range all {
		if s.met(&f) {
			of = append(of, f)
		}
	}
	slices.SortStableFunc(of, func(x, y Fault) int { return touched(x) - touched(y) })
	if s.MoreFaults = len(of) - mostFaults; s.MoreFaults > 0 {
		of = of[:mostFaults]
	} else {
		s.MoreFaults = 0
	}
	slices.SortStableFunc(of, func(x, y Fault) int { return cmp.Compare(x.From, y.From) })
	s.Faults = of
}

// met reports whether a fault overlaps a step or a stay of its targets. A fault that began after
// the overlap of two exclusive stays explains nothing about it.
func (s *Scene) met(f *Fault) bool {
	_, end, _ := s.span()
	last := end
	if s.Overlap != nil {
		last = min(last, s.Overlap.To)
	}
	hit := func(row int) bool { return len(f.clients) == 0 || row < 0 || slices.Contains(f.clients, row) }
	for i := range s.Steps {
		st, until := &s.Steps[i], last
		if st.beside {
			until = end
		}
		if hit(st.Row) && f.From <= min(st.To, until) && st.From <= f.To {
			return true
		}
	}
	return slices.ContainsFunc(s.stays, func(st Stay) bool { return hit(st.Row) && f.From <= min(st.To, last) && st.From <= f.To })
}

// faultsOf returns the faults of a history that took effect, or may have.
func faultsOf(h *history.History) []Fault {
	faults := map[int]stats.Fault{}
	for _, f := range stats.Faults(h) {
		faults[f.Number] = f
	}
	var of []Fault
	for _, w := range stats.Windows(h) {
		f := faults[w.Fault]
		if f.Outcome != history.StepFailed {
			of = append(of, faultOf(&f, w, killed(h, &f, w)))
		}
	}
	return of
}

// killed returns when processes of a fault's clients were killed while it was in force.
func killed(h *history.History, f *stats.Fault, w stats.Window) (at []time.Duration) {
	if !f.Traits.Crashes {
		return nil
	}
	for i := range h.Events {
		e := &h.Events[i]
		if e.F != history.FExited || e.Process != history.SessionProcess || !slices.Contains(f.Clients, e.Client) || e.Time < w.From || e.Time > w.Until {
			continue
		}
		var v history.Exited
		if e.Decode(&v) == nil && v.By == history.ByCrash {
			at = append(at, e.Time)
		}
	}
	return at
}

// lostMessages returns the messages that faults took, each once, in order of time.
func lostMessages(h *history.History) (all []history.LostMessage) {
	for i := range h.Events {
		e := &h.Events[i]
		if e.Process != history.Nemesis || history.RunFact(e.F) {
			continue
		}
		var step history.FaultStep
		if e.Decode(&step) != nil {
			continue
		}
		for _, l := range step.Lost {
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b history.LostMessage) int { return cmp.Compare(a.At, b.At) })
	return all
}
