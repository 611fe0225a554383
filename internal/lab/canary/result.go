package canary

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/store"
)

// The kinds of events.
const (
	Deposed = "deposed" // a server ceased to lead
	Elected = "elected" // a server leads
	Gone    = "gone"    // a server does not answer, or serves no clients
	Back    = "back"    // a server answers and serves clients again
	Untold  = "untold"  // a server does not report its role
	Waiting = "waiting" // no write, or no operation at all, has succeeded for five seconds
	Waited  = "waited"  // no write succeeded for a while, which has ended
	Slow    = "slow"    // writes take many times as long as usual
	Fast    = "fast"    // they do so no longer
	Moved   = "moved"   // a session moved to another server
	Expired = "expired" // a session expired
	Cleaned = "cleaned" // znodes that another check left were removed

	Violated  = "violated"  // a property was violated in a window
	Undecided = "undecided" // an object is undecided in a window, or the window cannot be run
)

// mostKept is how many of the latest events, fail-overs and gaps are kept. Older events are only counted.
const mostKept = 10_000

// keep adds to a list of at most mostKept.
func keep[T any](all []T, one T) []T {
	if len(all) >= mostKept {
		all = all[1:]
	}
	return append(all, one)
}

// Event is something that happened by itself.
type Event struct {
	At     time.Time     `json:"at"`
	Kind   string        `json:"kind"`
	Server int           `json:"server,omitempty"` // its number, in the order of the servers, from 1
	Took   time.Duration `json:"took,omitempty"`   // in nanoseconds: how long the server was gone, clients waited, or there was no leader
	Text   string        `json:"text"`
}

// String returns the line of the event for people.
func (e Event) String() string { return clock(e.At) + " " + e.Text }

// FailOver is a change of the leader. Servers are asked twice a second, so its times are no more exact than that.
type FailOver struct {
	At    time.Time     `json:"at"` // when the old leader was first seen not to lead
	From  int           `json:"from"`
	To    int           `json:"to"`
	Epoch int64         `json:"epoch"` // of the new leader
	Took  time.Duration `json:"took"`  // until the new leader was first seen to lead, in nanoseconds
	// Waited is the longest time around the change without a successful write, in nanoseconds; 0 if it was
	// no longer than the usual second between two operations.
	Waited time.Duration `json:"waited"`

	told bool // there is an event that the old leader ceased to lead
}

// String describes the fail-over for people.
func (f FailOver) String() string {
	text := f.leads()
	if f.Took > 0 {
		text = fmt.Sprintf("server %d ceased to lead, %s", f.From, text)
	}
	waited := "no client waited for more than a second"
	if f.Waited > 0 {
		waited = "clients waited " + prose.Elapsed(f.Waited)
	}
	return fmt.Sprintf("%s %s; %s", clock(f.At), text, waited)
}

// Result is the outcome of a check.
type Result struct {
	// Verdict is a violation if an object was violated in a window, else unknown if one is undecided, else valid. An
	// undecided window that an interrupt cut short counts only if it is the only one.
	Verdict     checker.Result `json:"verdict"`
	Started     time.Time      `json:"started"`
	Ended       time.Time      `json:"ended"`
	Interrupted bool           `json:"interrupted"`
	Objects     []Object       `json:"objects"` // of the last window, and those with a violation of earlier ones
	Windows     *Windows       `json:"windows,omitempty"`
	// Leader is the server that led at the end; 0 if there was none, or no server reports its role.
	Leader    int        `json:"leader,omitempty"`
	FailOvers []FailOver `json:"fail_overs"`
	// LongestGap is the longest time in which no operation of any client succeeded, LongestWriteGap that in which no write
	// did, in nanoseconds. Each second, one write begins.
	LongestGap      time.Duration `json:"longest_gap"`
	LongestWriteGap time.Duration `json:"longest_write_gap"`
	Moved           int           `json:"sessions_moved"`
	Expired         int           `json:"sessions_expired"`
	Events          []Event       `json:"events"`
	Left            int           `json:"events_left_out,omitempty"` // number of events that were not kept
	Warnings        []string      `json:"warnings,omitempty"`        // of the ensemble, such as certificates to renew, and of the check itself, such as a znode that could not be removed
}

// Object is the outcome for one object.
type Object struct {
	Recipe     string         `json:"recipe"`
	Verdict    checker.Result `json:"verdict"`
	Violated   []string       `json:"violated,omitempty"`
	Undecided  []string       `json:"undecided,omitempty"` // properties, and assumptions that were not met, each with the reason
	Operations int            `json:"operations"`
	OK         int            `json:"ok"`
	Failed     int            `json:"failed"`
	Unknown    int            `json:"unknown"`
	Latency    Latency        `json:"latency"` // since the check began
	Run        string         `json:"run"`     // the folder of the stored run

	Stored *store.Run    `json:"-"`
	Result *store.Result `json:"-"`
}

// Latency is the time from the beginning to the success of operations that do not wait for other clients, in
// nanoseconds.
type Latency struct {
	P50 time.Duration `json:"p50"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

// tell calls note for a caller that does not hold the lock of the check.
func (k *Check) tell(kind, format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.note(Event{At: time.Now(), Kind: kind, Text: fmt.Sprintf(format, args...)})
}

// note keeps an event.
func (k *Check) note(e Event) {
	if len(k.events) == mostKept {
		k.left++
	}
	k.events = keep(k.events, e)
	if k.OnEvent != nil {
		k.OnEvent(e)
	}
}

// result puts everything together.
func (k *Check) result() *Result {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := &Result{
		Verdict: k.windows.verdict(), Interrupted: k.windows.cutShort != "" || k.Window > 0 && k.interrupted(), Started: k.began.UTC(), Ended: time.Now().UTC(), LongestGap: k.clients.any.longest, LongestWriteGap: k.clients.writes.longest,
		Leader: k.leader, Moved: k.clients.moved, Expired: k.clients.expired, Left: k.left,
		FailOvers: append([]FailOver{}, k.failOvers...), Events: append([]Event{}, k.events...),
	}
	if k.change != nil && k.change.told {
		k.change.Took = r.Ended.Sub(k.change.At)
		r.FailOvers = append(r.FailOvers, *k.change)
	}
	for i := range r.FailOvers {
		r.FailOvers[i].Waited = k.waited(r.FailOvers[i])
	}
	r.Objects = k.windows.objects()
	if n := k.windows.counts; k.Window > 0 {
		r.Windows = &Windows{Valid: n[checker.Valid], Violated: n[checker.Violation], Undecided: n[checker.Unknown], Failed: k.windows.failed}
	}
	return r
}

// outcome returns that of an object, without its record.
func (k *Check) outcome(i int, o *experiment.Outcome) Object {
	return Object{
		Recipe: objects[i].recipe, Verdict: o.Result.Verdict, Violated: o.Result.Violated(), Undecided: undecided(o.Result), Run: o.Run.Dir,
		Operations: o.Result.Stats.Operations, OK: o.Result.Stats.OK, Failed: o.Result.Stats.Fail, Unknown: o.Result.Stats.Info,
		Latency: k.clients.times[objects[i].recipe].latency(), Stored: &store.Run{Dir: o.Run.Dir}, Result: o.Result,
	}
}

// keep writes the result beside the runs. An error is a warning: the verdict stands.
func (r *Result) keep() {
	text, err := json.MarshalIndent(r, "", "  ")
	for _, o := range r.Objects {
		if err == nil {
			err = store.WriteFile(o.Stored.Check(), append(text, '\n'))
		}
	}
	if err != nil {
		r.Warnings = append(r.Warnings, "cannot store what happened: "+err.Error())
	}
}

// undecided returns why some properties are undecided.
func undecided(r *store.Result) (why []string) {
	for _, v := range r.Verdicts {
		if text := v.Property + ": " + v.Reason; v.Result == checker.Unknown && !slices.Contains(why, text) {
			why = append(why, text)
		}
	}
	for _, a := range checker.Unmet(r.Assumptions) {
		why = append(why, a.Name+": "+a.Text)
	}
	return why
}

// Reasons returns, for people, why some properties are undecided: each reason once, with all properties that it
// leaves undecided. A reason that only repeats an assumption that was not met is left out.
func (o *Object) Reasons() (all []string) {
	var assumed []string
	for _, a := range checker.Unmet(o.Result.Assumptions) {
		assumed = append(assumed, a.Text)
		all = append(all, a.Text)
	}
	properties := map[string][]string{}
	var reasons []string
	for _, v := range o.Result.Verdicts {
		repeats := func(text string) bool { return strings.Contains(v.Reason, text) }
		if v.Result != checker.Unknown || slices.ContainsFunc(assumed, repeats) {
			continue
		}
		if properties[v.Reason] == nil {
			reasons = append(reasons, v.Reason)
		}
		properties[v.Reason] = append(properties[v.Reason], v.Property)
	}
	for _, reason := range reasons {
		all = append(all, strings.Join(properties[reason], ", ")+": "+reason)
	}
	return all
}

// waited returns the longest gap in writes around a fail-over. It allows for the time between two queries of a server,
// which is longer than the time between operations.
func (k *Check) waited(f FailOver) time.Duration {
	return k.clients.waitedWithin(f.At.Add(-askEvery-askTimeout), f.At.Add(f.Took+askEvery))
}

// clock writes a time of day, in the local zone.
func clock(t time.Time) string { return t.Local().Format(time.TimeOnly) }
