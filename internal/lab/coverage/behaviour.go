package coverage

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/stats"
)

// Of returns the behaviours that a run met, each once. A behaviour is
//
//   - what happened to a call: its operation and its outcome, the faults that hit its client meanwhile, what other
//     clients did to the same object in between, and what became of the session;
//   - where a fault at a message came: the fault, the operation, the request, before or after;
//   - what a client was doing when a fault hit it.
func Of(h *history.History) []string {
	r := reading{windows: Windows(h), fates: fatesOf(h), met: map[string]bool{}}
	r.done = doneOf(h)
	for op := range h.EachOperation() {
		r.call(op)
	}
	for _, f := range stats.Faults(h) {
		r.fault(&f)
	}
	return slices.Sorted(maps.Keys(r.met))
}

// Hashes returns a number for each behaviour, in rising order. Equal behaviours have equal numbers in all programs.
func Hashes(behaviours []string) []uint32 {
	all := make([]uint32, 0, len(behaviours))
	for _, b := range behaviours {
		h := fnv.New32a()
		_, _ = h.Write([]byte(b)) // it never fails
		all = append(all, h.Sum32())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// reading collects the behaviours of one run.
type reading struct {
	windows []Window
	fates   map[int][]fate    // by client, in order
	done    map[string][]done // by key, in order
	met     map[string]bool
}

// fate says what happened to a client's connection or session, and when.
type fate struct {
	at   time.Duration
	what string
}

// done is a successful operation.
type done struct {
	at     time.Duration
	client int
	f      string
}

func fatesOf(h *history.History) map[int][]fate {
	all := map[int][]fate{}
	for e := range h.All() {
		if e.Process == history.SessionProcess && (e.F == history.FDisconnected || e.F == history.FExpired) {
			all[e.Client] = append(all[e.Client], fate{e.Time, e.F})
		}
	}
	return all
}

func doneOf(h *history.History) map[string][]done {
	all := map[string][]done{}
	for op := range h.EachOperation() {
		if op.Outcome() == history.OK {
			all[op.Key] = append(all[op.Key], done{op.Return.Time, op.Client, op.F})
		}
	}
	for _, of := range all {
		slices.SortFunc(of, func(a, b done) int { return cmp.Compare(a.at, b.at) })
	}
	return all
}

// call notes what happened to a call.
func (r *reading) call(op *history.Operation) {
	if op.Return == nil {
		return // the end of the run cut it off
	}
	in := stats.Span{From: op.Invoke.Time, Until: op.Return.Time}
	words := []string{op.F, string(op.Outcome())}
	if op.Return.Error != nil {
		words = append(words, op.Return.Error.Code)
	}
	words = append(words, r.faults(op.Client, in)...)
	for _, other := range r.others(op, in) {
		words = append(words, "while "+other)
	}
	for _, f := range r.fates[op.Client] {
		if in.Contains(f.at) && !slices.Contains(words, f.what) {
			words = append(words, f.what)
		}
	}
	r.met[strings.Join(words, ", ")] = true
}

// fault notes where a fault took effect.
func (r *reading) fault(f *stats.Fault) {
	if f.Outcome != history.StepVerified {
		return
	}
	if at := place(f.Spec); at != "" {
		r.met[at] = true
		return
	}
	for _, doing := range f.Holding {
		r.met[f.Kind+" while "+doing] = true
	}
}

// faults lists the kinds of faults that hit a client in a span.
func (r *reading) faults(client int, in stats.Span) (met []string) {
	for i := range r.windows {
		if w := &r.windows[i]; w.Met(client, in, "") {
			met = append(met, w.Kind)
		}
	}
	slices.Sort(met)
	return slices.Compact(met)
}

// others lists the operations of other clients on the same object that succeeded during a call.
func (r *reading) others(op *history.Operation, in stats.Span) (names []string) {
	of := r.done[op.Key]
	first, _ := slices.BinarySearchFunc(of, in.From, func(d done, at time.Duration) int { return cmp.Compare(d.at, at) })
	for _, d := range of[first:] {
		if d.at > in.Until {
			break
		}
		if d.client != op.Client && !slices.Contains(names, d.f) {
			names = append(names, d.f)
		}
	}
	slices.Sort(names)
	return names
}

// place returns the kind of place at which a fault at a message came, or "".
func place(spec string) string {
	fault, at, ok := strings.Cut(spec, "@")
	p, err := link.ParsePoint(at)
	if !ok || err != nil {
		return ""
	}
	where := fault + " at " + p.Operation + "/" + p.Message
	if p.Which > 1 {
		where += " again"
	}
	if p.Reply {
		where += "/reply"
	}
	if p.After {
		where += "/after"
	}
	return where
}
