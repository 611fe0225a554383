// Package settings declares the plain numbers and times of an experiment: how many clients
// there are, how fast they work, how long they wait. Each is declared once, as a field of
// [Settings] with a [Knob] in [Knobs], which has its name, its bounds, its default, and
// what sweeps draw. The command line, experiment files, package zklab, the engine,
// workloads and sweeps all read these. Package settings does not know what an experiment
// does with them.
//
// A new setting takes a field and a knob here, a field of the same name in zklab.Experiment
// for users of Go, and the code that obeys it.
package settings

import (
	"math"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/virtual/delivery"
)

// Settings are the plain part of an experiment. The zero value of a field means its default
// ([Usual]), unless the field says otherwise.
type Settings struct {
	// Nodes is the number of servers.
	Nodes int `yaml:"nodes,omitempty"`
	// Latencies says how the delays of messages in a simulation vary: even, tails or
	// spells.
	Latencies string `yaml:"latencies,omitempty"`

	// Clients is the number of clients, each with its own session.
	Clients int `yaml:"clients,omitempty"`
	// Keys is how many objects are in use at once, if the workload has keys.
	Keys int `yaml:"keys,omitempty"`
	// Rate is how many operations a second all clients together begin.
	Rate float64 `yaml:"rate,omitempty"`
	// Ops is how often each client begins something. One critical section with everything
	// in it counts once, as does a put, or a client's part in a round of a barrier. The
	// load ends when all clients have done this. 0: each client begins as much as the time
	// allows.
	Ops int `yaml:"ops,omitempty"`
	// Hold is how long a client keeps what it has acquired, on average: a lock, a lease,
	// the leadership. Each duration is drawn between half of it and one and a half times
	// it. 0: a few milliseconds, depending on the workload.
	Hold time.Duration `yaml:"hold,omitempty"`
	// Sources names for each client the client whose random draws it makes. A client beyond
	// the end of the list makes its own. So client 0 of a smaller run can do what client 3
	// did.
	Sources []int `yaml:"sources,omitempty"`
	// Probe is how many writes a second each probe makes; 0: there are no probes. A probe is a
	// session of the harness that begins writes at a fixed rate. One uses each server, and one all
	// of them.
	Probe float64 `yaml:"probe,omitempty"`
	// TimeLimit is the length of the load. 0: 10 s, or longer if the faults take longer.
	TimeLimit time.Duration `yaml:"time-limit,omitempty"`
	// SessionTimeout is the session timeout that clients ask for. The servers bound it.
	SessionTimeout time.Duration `yaml:"session-timeout,omitempty"`
	// OpTimeout is how long a client waits for one operation.
	OpTimeout time.Duration `yaml:"op-timeout,omitempty"`
	// Slack is the time that properties with a time limit grant a recipe, beyond the end of a dead
	// session and a client's reconnection. A recipe that looks again at an interval needs more than
	// that interval.
	Slack time.Duration `yaml:"slack,omitempty"`

	// FaultInterval is the time from one fault to the next.
	FaultInterval time.Duration `yaml:"fault-interval,omitempty"`
	// OptionalFaults lets a valid verdict stand whichever faults took effect, as in the
	// many runs of a sweep.
	OptionalFaults bool `yaml:"optional-faults,omitempty"`
	// Strict lets measured properties (belief) also decide the verdict.
	Strict bool `yaml:"strict,omitempty"`
	// Label is a name that the user gives to the run, alone or with others. It changes nothing in
	// the run.
	Label string `yaml:"label,omitempty"`
}

// Over returns the settings, with defaults where they are zero.
func (s Settings) Over(defaults Settings) Settings {
	to, from := reflect.ValueOf(&s).Elem(), reflect.ValueOf(defaults)
	for i := range to.NumField() {
		if to.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return s
}

// Knobs are the settings that have a flag, in the order in which a run is described.
var Knobs = []Knob{
	number("clients", "number of clients, each with its own session", func(s *Settings) *int { return &s.Clients }).
		positive().most(1000). // a client's connection alone takes 1.5 MB
		usually(5).drawn(3, counted("client"), 3, 5, 8),
	number("keys", "number of locks, elections, queues, registers or folders in use at the same time", func(s *Settings) *int { return &s.Keys }).
		positive().most(100_000).
		usually(3).drawn(5, counted("key"), 1, 2, 3),
	number("rate", "operations per second that all clients together begin", func(s *Settings) *float64 { return &s.Rate }).
		positive().most(1_000_000). // no ensemble does more
		usually(100).drawn(4, printed[float64]("%g a second"), 50, 100, 200),
	number("ops", "number of times each client begins something, such as a critical section, a put or a round (default: as many as the time allows)",
		func(s *Settings) *int { return &s.Ops }),
	number("hold", "average time for which a client keeps a lock, a lease or the lead (0: the few milliseconds of the workload)", func(s *Settings) *time.Duration { return &s.Hold }).
		most(time.Hour),
	number("probe", "writes per second of each probe: one stays with each server, one uses all of them (0: no probes)", func(s *Settings) *float64 { return &s.Probe }).
		most(1000),
	number("time-limit", "duration of the load (default with faults: long enough for each of them)", func(s *Settings) *time.Duration { return &s.TimeLimit }).
		most(1000 * time.Hour).
		usually(10 * time.Second),
	number("nodes", "number of servers in the ensemble", func(s *Settings) *int { return &s.Nodes }).
		positive().
		usually(3).in(Ensemble).drawn(8, counted("server"), 3, 3, 5),
	number("session-timeout", "session timeout that clients ask for (the servers limit it)", func(s *Settings) *time.Duration { return &s.SessionTimeout }).
		positive().must(inMilliseconds, "must be 1ms to 596h31m23.647s: clients send it as 32-bit milliseconds").
		usually(4*time.Second).drawn(6, printed[time.Duration]("sessions %s"), 2*time.Second, 4*time.Second, 8*time.Second),
	number("op-timeout", "how long a client waits for one operation", func(s *Settings) *time.Duration { return &s.OpTimeout }).
		positive().
		usually(5*time.Second).drawn(7, printed[time.Duration]("operations %s"), time.Second, 5*time.Second),
	number("slack", "how long a recipe may need, beyond the end of a dead session and a reconnection (more for one that looks again at an interval)", func(s *Settings) *time.Duration { return &s.Slack }).
		positive().most(time.Hour).
		usually(history.UsualSlack),
	knob("latencies", "how message latencies of a simulation vary: even (not at all), tails (one in ten is slow) or spells (a connection is slow for a while)", func(s *Settings) *string { return &s.Latencies }).
		in(Ensemble).drawn(9, printed[string]("latencies %s"), spreads()...),
	number("fault-interval", "time from one fault to the next, less if --time-limit is too short for each fault (a fault lasts half of it unless --faults sets its duration)", func(s *Settings) *time.Duration { return &s.FaultInterval }).
		positive().least(100*time.Millisecond).
		usually(10*time.Second).in(Faults).drawn(2, printed[time.Duration]("each %s"), time.Second, 2*time.Second, 5*time.Second),
	knob("strict", "let measured properties (belief) count for the verdict as well", func(s *Settings) *bool { return &s.Strict }).in(Output),
	knob("label", "name of your own for the run; zklab list runs shows it, zklab compare finds runs by it", func(s *Settings) *string { return &s.Label }).
		must(printable, "must be one line of at most 100 characters").in(Output),
}

// printable reports whether a label fits into a column of a table.
func printable(label string) bool {
	return utf8.ValidString(label) && utf8.RuneCountInString(label) <= 100 && !strings.ContainsFunc(label, unicode.IsControl)
}

func inMilliseconds(d time.Duration) bool {
	return time.Millisecond <= d && d <= math.MaxInt32*time.Millisecond
}

func spreads() (names []string) {
	for _, s := range delivery.Spreads {
		names = append(names, string(s))
	}
	return names
}
