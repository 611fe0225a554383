package samples

import (
	"time"

	"github.com/zklab/zklab/stats/measured"
)

// FailoverPhases divides the fail-over of one affected client into phases, whose sum it is. A phase
// that does not apply is 0.
type FailoverPhases struct {
	// Noticed is the time from the verified effect of the fault to the loss of the connection; for a
	// client that kept its connection, to the success.
	Noticed time.Duration `json:"noticed"`
	// Paused is the time in which the client had no connection and did not try to make one, as its
	// library pauses before it connects again.
	Paused time.Duration `json:"paused"`
	// Connecting is the time in which the client tried servers, or waited for one to
	// serve it.
	Connecting time.Duration `json:"connecting"`
	// Serving is the time from the last new connection to the success.
	Serving time.Duration `json:"serving"`
}

// Phases adds up the phases of affected clients, each phase of all clients together, and how
// long after the verified effect each election ended.
type Phases struct {
	Clients    int             `json:"clients"`
	Noticed    time.Duration   `json:"noticed"` // sums over all clients
	Paused     time.Duration   `json:"paused"`
	Connecting time.Duration   `json:"connecting"`
	Serving    time.Duration   `json:"serving"`
	Elected    *measured.Times `json:"elected,omitempty"`
}

// Merge adds the phases of other clients.
func (s *Phases) Merge(others *Phases) {
	s.Clients += others.Clients
	s.Noticed += others.Noticed
	s.Paused += others.Paused
	s.Connecting += others.Connecting
	s.Serving += others.Serving
	merge(&s.Elected, others.Elected)
}

// Mean returns the mean of each phase. Means add up to the mean fail-over of the clients; medians
// would not. s must have a client.
func (s *Phases) Mean() FailoverPhases {
	n := time.Duration(s.Clients)
	return FailoverPhases{Noticed: s.Noticed / n, Paused: s.Paused / n, Connecting: s.Connecting / n, Serving: s.Serving / n}
}
