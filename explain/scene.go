package explain

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/history"
)

// Never is the end of what has no known end.
const Never = time.Duration(math.MaxInt64)

// Scene is what a witness shows. The zero value is empty and can be filled by
// [Scene.Add].
type Scene struct {
	Property string
	Steps    []Step  // in order of At
	Faults   []Fault // that overlap the steps, in order of their beginning
	// MoreFaults is how many more overlapped and are not told.
	MoreFaults int
	// Lines says that moments are lines of a file, since its events have no times.
	Lines bool
	// Events says of such moments that they are numbers of events, since lines do not
	// tell these apart.
	Events bool
	// Overlap is the time in which what excludes each other was together; nil:
	// the scene shows none.
	Overlap *Stay

	key        string
	stays      []Stay
	conclusion func(Clock) string // what follows; nil: nothing more than the reason says
}

// Step is an operation, or one fact that matters.
type Step struct {
	// Row is whose step it is: rows are drawn in this order, those below 0 are
	// the harness's. Who is its name: client 3, process 7.
	Row int
	Who string
	// From and To are its call and its end; To is Never if that is not known. Of
	// a fact both are its moment.
	From, To time.Duration
	// At is the moment that matters: where it stands in the story.
	At   time.Duration
	Fate history.Type // ok, fail, info; of a fact ""
	// Name is what the drawing calls it, in a word or two.
	Name string
	// Death says that it is the end of a session or of a process.
	Death bool
	// Text is its sentence. What is given to it writes moments.
	Text func(clock Clock) string

	f     string // history's name of it
	key   string
	item  string     // what went in or came out
	held  bool       // of a release or a confirm
	parts []string   // of the key
	id    history.ID // session of a fact, or token
	taken bool       // of a write: the resource accepted it
	index int
	op    *history.Operation // nil: it is none
	// beside says that it explains what the others show, and shows none of it.
	beside bool
}

// Clock writes a moment for people.
type Clock func(time.Duration) string

// Stay is a time that a client spent somewhere: holding, inside.
type Stay struct {
	Row      int
	From, To time.Duration // To is Never if it has no known end
	Name     string        // held 0x1a4
	// AtLeast says that To is the last proof of it, and not its end.
	AtLeast bool
	key     string
	parts   []string // of the key; none: all of it
	// uncertain says that nothing shows that it lasted so long.
	uncertain bool
	beside    bool // of a step that is
}

// Add adds a step of a history from elsewhere.
func (s *Scene) Add(st Step) { s.Steps = append(s.Steps, st) }

// Hold adds a time that is drawn from one of a client's steps to the next.
func (s *Scene) Hold(st Stay) { s.stays = append(s.stays, st) }

// Finish puts the steps in order, once all are added, and finds out what follows.
func (s *Scene) Finish() {
	s.sort()
	s.conclude()
}

func (s *Scene) sort() {
	slices.SortStableFunc(s.Steps, func(x, y Step) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.index, y.index))
	})
}

// span is from the first moment of the steps to the last known one.
func (s *Scene) span() (from, to time.Duration, ok bool) {
	from, to = Never, math.MinInt64
	for _, m := range s.moments() {
		from, to = min(from, m), max(to, m)
	}
	return from, to, from <= to
}

// moments are the different known moments of steps and stays, in order.
func (s *Scene) moments() []time.Duration {
	var ms []time.Duration
	for i := range s.Steps {
		st := &s.Steps[i]
		ms = append(ms, st.From)
		if st.To != Never {
			ms = append(ms, st.To)
		}
	}
	last := time.Duration(math.MinInt64)
	if len(ms) > 0 {
		last = slices.Max(ms)
	}
	for _, st := range s.stays {
		ms = append(ms, st.From)
		if st.To <= last { // else it goes on behind what matters
			ms = append(ms, st.To)
		}
	}
	slices.Sort(ms)
	return slices.Compact(ms)
}

// clock writes moments as exactly as it takes to tell those that matter apart:
// to the millisecond, if that does.
func (s *Scene) clock() Clock {
	if s.Lines {
		return func(t time.Duration) string { return s.place() + " " + strconv.FormatInt(int64(t), 10) }
	}
	digits := s.digits()
	return func(t time.Duration) string { return seconds(t, digits) + " s" }
}

func seconds(t time.Duration, digits int) string {
	return strconv.FormatFloat(t.Seconds(), 'f', digits, 64)
}

// between is a length of time for people: between the moments as the clock shows them, unless these
// are the same.
func (s *Scene) between(from, to time.Duration) string {
	shown := func(t time.Duration) time.Duration {
		f, _ := strconv.ParseFloat(seconds(t, s.digits()), 64)
		return time.Duration(math.Round(f * float64(time.Second)))
	}
	if d := shown(to) - shown(from); d > 0 {
		return lasting(d)
	}
	return lasting(to - from)
}

// place is what a moment is in a scene of lines.
func (s *Scene) place() string {
	if s.Events {
		return "event"
	}
	return "line"
}

func (s *Scene) digits() int {
	var ms []time.Duration
	for i := range s.Steps {
		ms = append(ms, s.Steps[i].At)
	}
	slices.Sort(ms)
	ms = slices.Compact(ms)
	for _, d := range []struct {
		unit   time.Duration
		digits int
	}{{time.Millisecond, 3}, {time.Microsecond, 6}} {
		same := func(x, y time.Duration) bool { return x.Round(d.unit) == y.Round(d.unit) }
		if len(slices.CompactFunc(slices.Clone(ms), same)) == len(ms) {
			return d.digits
		}
	}
	if len(ms) > mostTold {
		return 6 // no reader compares so many to the nanosecond
	}
	return 9
}
