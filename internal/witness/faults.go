package witness

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats"
)

// Fault is one that was in force while the steps went on.
type Fault struct {
	From, To time.Duration
	Name     string // what the drawing calls it: pause server 2
	what     string // server 2, the leader, was paused
	moment   bool   // it happened at once
	open     bool   // it is not known to have ended
}

// hits say what a fault of each kind does, of one and of several; to servers,
// or to clients.
var hits = map[string]struct {
	clients   bool
	one, some string
	at        bool // it is done at once, whatever follows
}{
	"pause":        {false, "was paused", "were paused", false},
	"kill":         {false, "was killed and down", "were killed and down", false},
	"restart":      {false, "was restarted", "were restarted", false},
	"rolling":      {false, "was restarted", "were restarted one after the other", false},
	"full-disk":    {false, "had no room on its disk", "had no room on their disks", false},
	"slow-disk":    {false, "had a slow disk", "had slow disks", false},
	"partition":    {false, "was cut off from other servers", "were cut off from other servers", false},
	"lossy":        {false, "lost packets", "lost packets", false},
	"slow-network": {false, "was slow to reach for the others", "were slow to reach for the others", false},
	"cut":          {true, "had its connection cut", "had their connections cut", true},
	"reset":        {true, "had its connection reset", "had their connections reset", true},
	"refuse":       {true, "was refused any connection", "were refused any connection", false},
	"cut-off":      {true, "did not reach some servers", "did not reach some servers", false},
	"stall-link":   {true, "had a link on which nothing passed", "had links on which nothing passed", false},
	"slow-link":    {true, "had a slow link", "had slow links", false},
	"move":         {true, "was moved to another server", "were moved to other servers", false},
	"late-event":   {true, "was told of watch events late", "were told of watch events late", false},
	"expire":       {true, "had its session expired by force", "had their sessions expired by force", false},
	"silence":      {true, "had a silent link, until its session expired", "had silent links, until their sessions expired", false},
	"duplicate":    {true, "shared its session with a copy", "shared their sessions with copies", false},
	"freeze":       {true, "was frozen", "were frozen", false},
	"crash":        {true, "was killed", "were killed", false},
}

// faultOf tells of a fault and its window.
func faultOf(f *stats.Fault, w stats.Window) Fault {
	out := Fault{From: w.From, To: w.Until, moment: w.From == w.Until, open: f.Healed == 0 && (f.Outcome == "" || f.Outcome == history.StepVerified)}
	kind := Clean(f.Kind, 20)
	hit, known := hits[f.Kind]
	whom, ids := "server", f.Servers
	if known && hit.clients || len(f.Servers) == 0 {
		whom, ids = "client", f.Clients
	}
	known = known && hit.clients == (whom == "client")
	switch {
	case len(ids) == 0:
		out.Name, out.what = kind, "the fault "+Clean(cmp.Or(f.Spec, f.Kind), 60)+" was in force"
	case known && len(ids) == 1:
		out.Name = kind + " " + whom + " " + list(ids)
		out.what = whom + " " + list(ids) + leader(f, whom) + " " + hit.one
	case known:
		out.Name = kind + " " + whom + "s " + list(ids)
		out.what = whom + "s " + list(ids) + " " + hit.some
	default:
		out.Name = kind + " " + whom + " " + list(ids)
		out.what = "the fault " + Clean(cmp.Or(f.Spec, f.Kind), 60) + " was in force for " + whom + " " + list(ids)
	}
	out.moment = out.moment || known && hit.at
	return out
}

// leader is ", the leader," where the fault was aimed at it.
func leader(f *stats.Fault, whom string) string {
	_, where, _ := strings.Cut(f.Spec, ":")
	where, _, _ = strings.Cut(where, "@")
	if where, _, _ = strings.Cut(where, "+"); whom == "server" && where == "leader" {
		return ", the leader,"
	}
	return ""
}

// text is the fault's sentence.
func (f *Fault) text(clock Clock) string {
	switch {
	case f.moment:
		return f.what + " at " + clock(f.From)
	case f.open:
		return f.what + " from " + clock(f.From) + " on"
	}
	return f.what + " from " + clock(f.From) + " to " + clock(f.To)
}

// mostFaults is how many are told and drawn.
const mostFaults = 4

// overlapping keeps the faults that overlap the steps. If there are many, those
// within whose window something began or ended go before the others.
func (s *Scene) overlapping(all []Fault) {
	from, to, ok := s.span()
	if !ok {
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
		if f.From <= to && from <= f.To {
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

// faultsOf are those of a history that took effect, or may have.
func faultsOf(h *history.History) []Fault {
	faults := map[int]stats.Fault{}
	for _, f := range stats.Faults(h) {
		faults[f.Number] = f
	}
	var of []Fault
	for _, w := range stats.Windows(h) {
		f := faults[w.Fault]
		if f.Outcome != history.StepFailed {
			of = append(of, faultOf(&f, w))
		}
	}
	return of
}

// list is "1, 2 and 5".
func list(ns []int) string {
	text := ""
	for i, n := range ns {
		switch {
		case i == 0:
		case i == len(ns)-1:
			text += " and "
		default:
			text += ", "
		}
		text += strconv.Itoa(n)
	}
	return text
}
