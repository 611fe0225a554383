package stats

import (
	"time"

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
	// Belief says for how long two clients believed that they held; nil if the object
	// allows several holders, or had none.
	Belief *samples.Belief `json:"belief,omitempty"`
	Stalls int             `json:"stalls"` // of the harness itself, over 250 ms
	// LongestStall is the longest of them; 0 if an older zklab computed the figures.
	LongestStall time.Duration `json:"longest_stall,omitempty"`
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

// FaultKind counts the faults of a kind.
type FaultKind struct {
	Kind string `json:"kind"`
	// Scheduled counts the faults whose time came, including skipped ones, which were not injected.
	Scheduled int `json:"scheduled"`
	Injected  int `json:"injected"`
	Verified  int `json:"verified"`
	Failed    int `json:"failed"`
	Skipped   int `json:"skipped"`
	// TooLate counts those among Skipped that the end of the load overtook. The others found no target.
	TooLate int `json:"too_late,omitempty"`
	Elected int `json:"elected"` // changes of leader that they caused
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

// Fairness says how an object that clients hold was shared among them. It covers the acquires of the
// load.
type Fairness struct {
	Grants int `json:"grants"` // acquires with outcome ok
	// Overtook counts the grants to a client while another one still waited for the same key that had
	// asked before it. A grant counts once, however many clients it overtook. Requests that are close
	// together may reach the servers in another order, and a client whose session has ended waits again
	// at the end of the line, so even a fair lock has some.
	Overtook int `json:"overtook"`
	// MostOvertaken is the largest number of grants that overtook one acquire.
	MostOvertaken int `json:"most_overtaken"`
	// Jain is the index of Jain, Chiu and Hawe ("A quantitative measure of fairness", 1984) of the
	// grants of all clients that asked: 1 if all have equally many, 1/n if one of n has all.
	Jain    float64        `json:"jain"`
	Clients []ClientGrants `json:"clients"` // that asked, in order
}

// ClientGrants are the acquires of one client.
type ClientGrants struct {
	Client int `json:"client"`
	Asked  int `json:"asked"`
	Grants int `json:"grants"`
	// Median and Longest describe the times from the invocation to the grant. An acquire
	// without a grant gives a lower bound; see [measured.Times.Quantile].
	Median  measured.Bound `json:"median"`
	Longest measured.Bound `json:"longest"`
}
