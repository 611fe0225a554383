package explain

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Never stands for an unknown end.
const Never = time.Duration(math.MaxInt64)

// Scene shows a counterexample. The zero value is empty; [Scene.Add] fills it.
type Scene struct {
	Telling Telling
	Steps   []Step  // in order of At
	Faults  []Fault // that overlap the steps, in order of their beginning
	// MoreFaults is the number of further overlapping faults, which are not described.
	MoreFaults int
	// Lines means that times are line numbers of a file, since its events have no times.
	Lines bool
	// Events means that times are numbers of events, since several events begin on one line.
	Events bool
	// Overlap is the time in which two stays that exclude each other overlapped; nil if there is
	// none.
	Overlap *Stay

	key        string
	stays      []Stay
	messages   []message          // that faults took, in order of time
	conclusion func(Clock) string // the conclusion; nil if the reason says everything
}

// Step is an operation, or a fact that matters.
type Step struct {
	// Row is the row of the step. Rows are drawn in numerical order; those below 0 belong to the
	// harness. Who is the row's name: client 3, process 7.
	Row int
	Who string
	// From and To are the invocation and the completion; To is Never if that is unknown. For a
	// fact, both are its time.
	From, To time.Duration
	// At is the time of the step in the story.
	At   time.Duration
	Fate history.Type // ok, fail or info; "" for a fact
	// Name is the name in the drawing, a word or two.
	Name string
	// Death means that the step is the end of a session or process.
	Death bool
	// Text returns the sentence for the step. clock formats times.
	Text func(clock Clock) string

	f     string            // Event.F
	does  *models.Operation // its traits; nil if the step is no operation of a model
	key   string
	item  string     // the item added or removed
	held  bool       // of a release or a confirm
	parts []string   // of the key
	id    history.ID // session of a fact, or token
	// session is the session of a request or of a watch event.
	session history.ID
	event   bool // a watch event
	taken   bool // of a write: the resource accepted it
	index   int
	op      *history.Operation // nil if the step is not an operation
	// beside means that the step explains the counterexample but is not part of it.
	beside bool
}

// Clock formats a time for people.
type Clock func(time.Duration) string

// Stay is a period in which a client held something or was inside.
type Stay struct {
	Row      int
	From, To time.Duration // To is Never if the end is unknown
	Name     string        // held 0x1a4
	// AtLeast means that To is the last proof of the stay rather than its end.
	AtLeast bool
	key     string
	parts   []string // of the key; none means all of it
	// uncertain means that nothing proves that the stay lasted until To.
	uncertain bool
	beside    bool // belongs to a step with beside set
}

// Add adds a step of a history from another tool.
func (s *Scene) Add(st Step) { s.Steps = append(s.Steps, st) }

// Hold adds a period to draw between two steps of a client.
func (s *Scene) Hold(st Stay) { s.stays = append(s.stays, st) }

// Finish sorts the steps and draws the conclusion. Call it after all steps are added.
func (s *Scene) Finish() {
	s.sort()
	s.conclude()
}

func (s *Scene) sort() {
	slices.SortStableFunc(s.Steps, func(x, y Step) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.index, y.index))
	})
}

// span returns the first time of the steps and the last known one.
func (s *Scene) span() (from, to time.Duration, ok bool) {
	from, to = Never, math.MinInt64
	for _, m := range s.moments() {
		from, to = min(from, m), max(to, m)
	}
	return from, to, from <= to
}

// moments returns the distinct known times of steps and stays, in order.
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
		if st.To <= last { // otherwise it goes on after everything that matters
			ms = append(ms, st.To)
		}
	}
	slices.Sort(ms)
	return slices.Compact(ms)
}

// clock returns a Clock that is just exact enough to tell the times of the scene apart: to the
// millisecond if possible.
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

// between formats a duration for people: as the difference between the times that the clock shows,
// unless these are equal.
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

// place names the unit of time in a scene without times.
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
		return 6 // no reader compares that many to the nanosecond
	}
	return 9
}
