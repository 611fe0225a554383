package stats

import (
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// Stats are the figures of a run. Latencies count from the intended start of an operation to its
// end.
type Stats struct {
	// Operations counts the operations on the subject, and OK, Fail and Info count them by outcome.
	// Confirms and writes to the guarded resource, which stay within the harness, are only in ByF.
	Operations int           `json:"operations"`
	OK         int           `json:"ok"`
	Fail       int           `json:"fail"`
	Info       int           `json:"info"`
	Load       time.Duration `json:"load"` // length of the load phase
	// Rate is the number of ok operations per second of the load phase.
	Rate float64 `json:"rate"`
	ByF  []ByF   `json:"by_f"`
	// Contended is the share of the load's ok acquires that were invoked while another client held
	// the same key; -1 if there are none.
	Contended float64 `json:"contended"`
	// Elections counts changes of the ensemble's leader during the run.
	Elections int     `json:"elections"`
	Faults    []Fault `json:"faults"`
	// FeltOver is, for each operation, twice its p99 before the first fault: an operation that took
	// longer felt a fault. Only operations that began in the second half of the time before the first
	// fault count, or all if none did then. Operations without a success before the first fault are left
	// out.
	FeltOver map[string]time.Duration `json:"felt_over,omitempty"`
	// FaultKinds counts the faults by kind, in order of name.
	FaultKinds []FaultKind `json:"fault_kinds"`
	// Failovers summarizes the consequences of verified faults by kind and target, in order of
	// name.
	Failovers []FailoverSum `json:"failovers"`
	// HandOver summarizes the hand-overs after holds that no fault ended; nil if the run has no
	// exclusive holds.
	HandOver *measured.Spread `json:"hand_over,omitempty"`
	// Cost holds the cost of operations to the servers and the network; nil if it is unknown.
	Cost *samples.Cost `json:"cost,omitempty"`
	// Fairness says how the object was shared; nil if there was no grant.
	Fairness *Fairness `json:"fairness,omitempty"`
	// Belief says for how long two clients believed that they held; nil if one could not.
	Belief *samples.Belief `json:"belief,omitempty"`
	Stalls int             `json:"stalls"` // of the harness itself, over 250 ms
	// Samples are the measured times themselves, for pooling runs; nil if an older zklab computed the
	// figures.
	Samples *samples.Samples `json:"samples,omitempty"`
}

// ByF are the figures of one kind of operation.
type ByF struct {
	F    string `json:"f"`
	OK   int    `json:"ok"`
	Fail int    `json:"fail"`
	Info int    `json:"info"`
	// Latency quantiles of the ok operations that began in the load phase, or later if none began
	// in it.
	P50 time.Duration `json:"p50"`
	P90 time.Duration `json:"p90"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

// Fault is one fault with its consequences.
type Fault struct {
	Number   int          `json:"number"`
	Kind     string       `json:"kind"`    // pause, expire
	Spec     string       `json:"spec"`    // pause:leader
	Outcome  string       `json:"outcome"` // the last of verified, failed, skipped
	Servers  []int        `json:"servers,omitempty"`
	Clients  []int        `json:"clients,omitempty"`
	Sessions []history.ID `json:"sessions,omitempty"`
	Holding  []string     `json:"holding,omitempty"`
	Elected  int          `json:"elected,omitempty"` // server that led afterwards, if the leader changed
	// ElectedAt is when the harness saw that leader; it looks about ten times per second.
	ElectedAt time.Duration `json:"elected_at,omitempty"`
	Injected  time.Duration `json:"injected"`
	Verified  time.Duration `json:"verified,omitempty"`
	// HealBegan is when the heal began, Healed when it ended.
	HealBegan time.Duration `json:"heal_began,omitempty"`
	Healed    time.Duration `json:"healed,omitempty"`
	// Failover is the time from the verified effect to the end of the first success that was
	// invoked after it, over all clients. FailoverAffected is the shortest of the affected clients.
	// -1 means that there was none. A success that ended after the heal began does not count.
	Failover         time.Duration `json:"failover"`
	FailoverAffected time.Duration `json:"failover_affected"`
	// FailoverAtLeast is how long no operation succeeded: until the heal began or, if there was
	// nothing to heal, until the record ended. It is 0 if there is a fail-over, or if no operation
	// was under way in that time.
	FailoverAtLeast time.Duration `json:"failover_at_least,omitempty"`
	// NoMajority means that the fault left no majority of the servers. Fail-over was then impossible
	// before the heal, and is not measured.
	NoMajority bool `json:"no_majority,omitempty"`
	// Affected are the fail-overs of the affected clients, each measured like Failover. Clients
	// without operations during the fault are left out, and so are clients whose process the fault
	// stops.
	Affected []ClientFailover `json:"affected,omitempty"`
	// HandOvers are the hand-overs after the holds that the fault ended.
	HandOvers []HandOver `json:"hand_overs,omitempty"`
	// Outages are the times without service that the probes saw, in order of server.
	Outages []Outage `json:"outages,omitempty"`
	// Outlasted are the sessions that the fault, such as a freeze, outlasted.
	Outlasted []Outlasted `json:"outlasted,omitempty"`
	// Felt means that, during the fault, an operation failed, had an unknown outcome, or took (from
	// its invocation) more than FeltOver, or that a client
	// lost what it held, or its place in a group. Errors of a kind that also occurred before the first fault do not count.
	Felt bool `json:"felt"`
	// Detail describes the effect for people: "lost the reply to create /a/b".
	Detail   string   `json:"detail,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Traits come from the record, or otherwise from the fault's kind.
	Traits history.FaultTraits `json:"-"`
}

// ClientFailover is the fail-over of one client.
type ClientFailover struct {
	Client int `json:"client"`
	measured.Bound
	Phases *samples.FailoverPhases `json:"phases,omitempty"` // of a fail-over that ended
}

// HandOver is the time from the end of a hold to the next grant of its key. From is when the hold
// ended or, if no client waited for the key then, when the next client asked for it.
type HandOver struct {
	Key    string        `json:"key"`
	Client int           `json:"client"` // the previous holder
	From   time.Duration `json:"from"`
	measured.Bound
}

// FaultKind counts the faults of a kind.
type FaultKind struct {
	Kind string `json:"kind"`
	// Scheduled counts the faults whose time came, including skipped ones, which were not injected.
	Scheduled int `json:"scheduled"`
	Injected  int `json:"injected"`
	Verified  int `json:"verified"`
	Failed    int `json:"failed"`
	Skipped   int `json:"skipped"`
	Elected   int `json:"elected"` // changes of leader that they caused
	// Felt counts the verified faults that some operation felt.
	Felt int `json:"felt"`
	// Holding, Waiting and Idle count the expired sessions by what they were doing.
	Holding int `json:"holding,omitempty"`
	Waiting int `json:"waiting,omitempty"`
	Idle    int `json:"idle,omitempty"`
	// Outlasted counts the verified faults that outlasted a session of a client that they hit.
	// EndedSession counts those among them that ended such a session.
	Outlasted    int `json:"outlasted,omitempty"`
	EndedSession int `json:"ended_session,omitempty"`
}

// FailoverSum summarizes the verified faults of one kind and target.
type FailoverSum struct {
	Spec     string `json:"spec"` // kill:leader
	Kind     string `json:"kind"` // kill
	Verified int    `json:"verified"`
	// Felt counts the faults that some operation felt, NoMajority those that left no majority of
	// the servers. All and Affected cover the faults in Felt without those in NoMajority.
	Felt       int `json:"felt"`
	NoMajority int `json:"no_majority,omitempty"`
	// All covers all clients, with one figure per fault. Affected has one figure per affected
	// client. They are nil if there are none.
	All      *measured.Spread `json:"all,omitempty"`
	Affected *measured.Spread `json:"affected,omitempty"`
	// HandOver summarizes the hand-overs after the holds that these faults ended.
	HandOver *measured.Spread `json:"hand_over,omitempty"`
	// Outage, OutageBest and OutageWorst summarize the times without service that probes saw during
	// the verified faults: those of the probe that uses all servers, and the shortest and the longest
	// of the probes that stay with one server.
	Outage      *measured.Spread `json:"outage,omitempty"`
	OutageBest  *measured.Spread `json:"outage_best,omitempty"`
	OutageWorst *measured.Spread `json:"outage_worst,omitempty"`
}
