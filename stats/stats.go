package stats

import (
	"time"

	"github.com/zklab/zklab/history"
)

// Stats are a run's figures. Latencies count from the intended start of an
// operation to its end.
type Stats struct {
	// Operations are those invoked on the subject, by outcome OK, Fail and Info.
	// Confirms and writes to the guarded resource stay within the harness: they
	// are in ByF only.
	Operations int           `json:"operations"`
	OK         int           `json:"ok"`
	Fail       int           `json:"fail"`
	Info       int           `json:"info"`
	Load       time.Duration `json:"load"` // length of the load phase
	// Rate is ok operations a second over the load phase.
	Rate float64 `json:"rate"`
	ByF  []ByF   `json:"by_f"`
	// Contended is the share of ok acquires of the load phase that were invoked while
	// another client held the same key; -1 where there are none.
	Contended float64 `json:"contended"`
	// Elections counts changes of the ensemble's leader while the run lasted.
	Elections int     `json:"elections"`
	Faults    []Fault `json:"faults"`
	// FeltOver is twice the p99 of each operation from before the first fault: one that took
	// longer felt a fault. Operations of which none succeeded before are not in it.
	FeltOver map[string]time.Duration `json:"felt_over,omitempty"`
	// FaultKinds counts the faults by kind, in order of name.
	FaultKinds []FaultKind `json:"fault_kinds"`
	// Failovers sums up what the verified faults led to, by kind and target, in order of name.
	Failovers []FailoverSum `json:"failovers"`
	// HandOver is that of the holds that no fault ended; nil where there are no exclusive ones.
	HandOver *Spread `json:"hand_over,omitempty"`
	Stalls   int     `json:"stalls"` // of the harness itself, over 250 ms
}

// ByF are the figures of one kind of operation.
type ByF struct {
	F    string `json:"f"`
	OK   int    `json:"ok"`
	Fail int    `json:"fail"`
	Info int    `json:"info"`
	// Quantiles of the latency of ok operations that began in the load phase; of a kind
	// that came only behind it, of those.
	P50 time.Duration `json:"p50"`
	P90 time.Duration `json:"p90"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

// Fault is one fault as it happened.
type Fault struct {
	Number   int           `json:"number"`
	Kind     string        `json:"kind"`    // pause, expire
	Spec     string        `json:"spec"`    // pause:leader
	Outcome  string        `json:"outcome"` // the last of verified, failed, skipped
	Servers  []int         `json:"servers,omitempty"`
	Clients  []int         `json:"clients,omitempty"`
	Sessions []history.ID  `json:"sessions,omitempty"`
	Holding  []string      `json:"holding,omitempty"`
	Elected  int           `json:"elected,omitempty"` // server that led after it, if the leader changed
	Injected time.Duration `json:"injected"`
	Verified time.Duration `json:"verified,omitempty"`
	// HealBegan is when what lasted of the fault began to be undone, Healed when it was.
	HealBegan time.Duration `json:"heal_began,omitempty"`
	Healed    time.Duration `json:"healed,omitempty"`
	// Failover is the time from the verified effect to the end of the first
	// success that was invoked after it, over all clients; FailoverAffected is the shortest
	// of the affected ones. -1: there was none. A success that came only when the fault was
	// being healed does not count.
	Failover         time.Duration `json:"failover"`
	FailoverAffected time.Duration `json:"failover_affected"`
	// FailoverAtLeast is how long nobody had a success until the heal began or, where there
	// was nothing to heal, until the record ended. It is 0 if there is a fail-over, and if no
	// operation was under way in that time.
	FailoverAtLeast time.Duration `json:"failover_at_least,omitempty"`
	// NoMajority says that no majority of the servers was left: fail-over was not possible
	// before the heal, and is not measured.
	NoMajority bool `json:"no_majority,omitempty"`
	// Affected are the fail-overs of the affected clients, each measured like Failover. Clients
	// that wanted nothing meanwhile are left out, and those whose process the fault stops.
	Affected []ClientFailover `json:"affected,omitempty"`
	// HandOvers are those of the holds that the fault ended.
	HandOvers []HandOver `json:"hand_overs,omitempty"`
	// Outlasted are the sessions that a fault such as a freeze lasted longer than.
	Outlasted []Outlasted `json:"outlasted,omitempty"`
	// Felt says that some operation failed, stayed unknown, or took (from its
	// invocation) over twice the p99 from before the first fault, or that a hold
	// was lost, while the fault lasted. Errors of a sort that happened before the first fault as well
	// show nothing.
	Felt bool `json:"felt"`
	// Detail is what happened, for people: "lost the reply to create /a/b".
	Detail   string   `json:"detail,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Traits are those that the record tells, or that its kind has.
	Traits history.FaultTraits `json:"-"`
}

// ClientFailover is the fail-over of one client.
type ClientFailover struct {
	Client int `json:"client"`
	Bound
}

// HandOver is the time from the end of a hold to the next grant of its key. From is when the
// hold was over, or, if no client waited for the key then, when the next one asked for it.
type HandOver struct {
	Key    string        `json:"key"`
	Client int           `json:"client"` // that held it
	From   time.Duration `json:"from"`
	Bound
}

// FaultKind counts the faults of a kind.
type FaultKind struct {
	Kind string `json:"kind"`
	// Scheduled counts those whose time came; the skipped ones were not injected.
	Scheduled int `json:"scheduled"`
	Injected  int `json:"injected"`
	Verified  int `json:"verified"`
	Failed    int `json:"failed"`
	Skipped   int `json:"skipped"`
	Elected   int `json:"elected"` // leader changes caused
	// Felt counts the verified ones that some operation felt.
	Felt int `json:"felt"`
	// Holding, waiting, idle count the sessions expired by what they did.
	Holding int `json:"holding,omitempty"`
	Waiting int `json:"waiting,omitempty"`
	Idle    int `json:"idle,omitempty"`
	// Outlasted counts the verified ones that lasted longer than a session of a client that they hit,
	// EndedSession those of them by which such a session ended.
	Outlasted    int `json:"outlasted,omitempty"`
	EndedSession int `json:"ended_session,omitempty"`
}

// FailoverSum sums up the verified faults of one kind with one target.
type FailoverSum struct {
	Spec     string `json:"spec"` // kill:leader
	Kind     string `json:"kind"` // kill
	Verified int    `json:"verified"`
	// Felt counts those that some operation felt, NoMajority those that left no majority of the
	// servers. All and Affected are of the felt ones alone, and not of these.
	Felt       int `json:"felt"`
	NoMajority int `json:"no_majority,omitempty"`
	// All is over all clients, a figure a fault; Affected has one for each affected client.
	// They are nil where there are none.
	All      *Spread `json:"all,omitempty"`
	Affected *Spread `json:"affected,omitempty"`
	// HandOver is that of the holds which these faults ended.
	HandOver *Spread `json:"hand_over,omitempty"`
}
