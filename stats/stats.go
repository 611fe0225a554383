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
	// FaultKinds sums the faults up by kind, in order of name.
	FaultKinds []FaultKind `json:"fault_kinds"`
	Stalls     int         `json:"stalls"` // of the harness itself, over 250 ms
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
	Healed   time.Duration `json:"healed,omitempty"`
	// Failover is the time from the verified effect to the end of the first
	// success that was invoked after it, over all clients; FailoverAffected
	// over the affected ones. -1: there was none.
	Failover         time.Duration `json:"failover"`
	FailoverAffected time.Duration `json:"failover_affected"`
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

// FaultKind sums up the faults of a kind.
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
	// Failover of the verified ones that were felt, over all clients and over
	// the affected ones. -1: there is no figure.
	Median         time.Duration `json:"median"`
	Max            time.Duration `json:"max"`
	MedianAffected time.Duration `json:"median_affected"`
	MaxAffected    time.Duration `json:"max_affected"`
	// Holding, waiting, idle count the sessions expired by what they did.
	Holding int `json:"holding,omitempty"`
	Waiting int `json:"waiting,omitempty"`
	Idle    int `json:"idle,omitempty"`
}
