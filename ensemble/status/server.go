package status

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
)

// State is what a server can be used for.
type State string

// The states of a server.
const (
	Serving    State = "serving"
	ReadOnly   State = "read-only"   // has no majority and serves read-only clients
	NotServing State = "not serving" // answers, but has no majority or is still electing
	NoAnswer   State = "no answer"   // cannot be reached, or is silent
)

// Server holds what one server reports about itself. What it does not report is nil or zero.
type Server struct {
	Addr    string        `json:"addr"`
	State   State         `json:"state"`
	Role    ensemble.Role `json:"role,omitempty"`
	Version string        `json:"version,omitempty"`

	Epoch int64      `json:"epoch"` // the high half of the zxid
	Zxid  history.ID `json:"zxid"`
	// Behind is how many transactions others have that this one does not have yet, at about
	// the same time.
	Behind *int64 `json:"behind,omitempty"`

	Connections int   `json:"connections"`
	Received    int64 `json:"received"` // packets from clients since the server started
	Sent        int64 `json:"sent"`     // packets to clients since the server started
	// Latency of requests since the server started, in milliseconds: minimum, mean,
	// maximum.
	Latency [3]float64 `json:"latency_ms"`

	Sessions    *int64 `json:"sessions,omitempty"` // of the whole ensemble
	Watches     *int64 `json:"watches,omitempty"`
	Znodes      *int64 `json:"znodes,omitempty"`
	Ephemerals  *int64 `json:"ephemerals,omitempty"`
	Outstanding *int64 `json:"outstanding,omitempty"` // requests that wait
	Data        *int64 `json:"data_bytes,omitempty"`  // of all znodes, approximately
	Disk        *int64 `json:"disk_bytes,omitempty"`  // snapshots and transaction logs

	// Mismatches are how often the digest of its tree differed from the one that the leader
	// had sent with a transaction (3.6 and later), since the server started.
	Mismatches *int64 `json:"digest_mismatches,omitempty"`
	// Uneven says how its number of znodes differs from that of another server at the same
	// zxid; "" if it does not.
	Uneven string `json:"-"`
	// Diverged says what shows that its tree differs from the others'; "" if nothing does.
	Diverged string `json:"diverged,omitempty"`
	// Miscounted says what its version counts as a sign of that although trees are equal; "" if it counts nothing.
	Miscounted string `json:"miscounted,omitempty"`

	voters    *int64 // voters in its configuration
	counted   int    // znodes, from the same srvr answer as Zxid
	uncounted bool   // the number is not known for one zxid
	members   ensemble.Members

	Error string `json:"error,omitempty"` // why it did not answer, or not completely
	// Missing are the four-letter words that it does not answer, because its
	// 4lw.commands.whitelist lacks them or it does not know them.
	Missing []string `json:"missing,omitempty"`
}

// Query describes how to ask a server. The zero value asks over TCP and waits a second.
type Query struct {
	Dial ensemble.DialFunc // nil: TCP
	// Timeout bounds the time for one server; 0 means 1 s.
	Timeout time.Duration
	// Admin is the URL of the server's admin server, such as http://127.0.0.1:8080. It is
	// asked only for what four-letter words did not tell. "" means not to ask.
	Admin string
}

// usualTimeout is short, because a paused server is silent until it has passed.
const usualTimeout = time.Second

// Of asks one server. It never fails: errors are part of the answer.
func (q Query) Of(ctx context.Context, addr string) Server {
	return q.look(ctx, addr, false)
}

// look asks one server; if members is true, also for its members.
func (q Query) look(ctx context.Context, addr string, members bool) Server {
	s := Server{Addr: addr}
	ctx, cancel := context.WithTimeoutCause(ctx, q.timeout(), errSilent)
	defer cancel()
	if q.brief(ctx, &s) {
		q.details(ctx, &s)
		if members { // not reported to people if it is missing
			answer, _ := q.ask(ctx, addr, "conf")
			s.members = ensemble.ParseMembers(answer)
		}
	}
	return s
}

// brief asks for what every server tells, and reports whether the server is worth more
// questions. Servers other than Apache's may know stat and not srvr, or only ruok.
func (q Query) brief(ctx context.Context, s *Server) bool {
	err := q.basics(ctx, s, "srvr")
	if err != nil && ctx.Err() == nil && !errors.Is(err, ensemble.ErrNotServing) && !ensemble.Unreachable(err) {
		err = q.otherBasics(ctx, s, err)
	}
	switch {
	case errors.Is(err, ensemble.ErrNotServing):
		s.State = NotServing
	case err != nil:
		s.State, s.Error = NoAnswer, strings.TrimPrefix(err.Error(), "srvr: ")
	}
	return err == nil
}

var errRuns = errors.New("it answers ruok, but neither srvr nor stat, so its status is unknown")

// otherBasics asks a server that did not answer srvr for the basics in other ways; reason
// is why it did not answer.
func (q Query) otherBasics(ctx context.Context, s *Server, reason error) error {
	err := q.basics(ctx, s, "stat")
	if err == nil {
		s.Missing = append(s.Missing, "srvr")
	}
	if err == nil || errors.Is(err, ensemble.ErrNotServing) {
		return err
	}
	if answer, err := q.ask(ctx, s.Addr, "ruok"); err == nil && strings.TrimSpace(answer) == "imok" {
		return errRuns
	}
	return reason
}

// basics asks for the basics with one word.
func (q Query) basics(ctx context.Context, s *Server, word string) error {
	answer, err := q.ask(ctx, s.Addr, word)
	if err != nil {
		return err
	}
	return s.basics(answer)
}

var errSilent = errors.New("it is silent: it is paused, or cut off")

func (q Query) timeout() time.Duration {
	if q.Timeout == 0 {
		return usualTimeout
	}
	return q.Timeout
}

func (q Query) ask(ctx context.Context, addr, word string) (string, error) {
	dial := q.Dial
	if dial == nil {
		dial = net.DialTimeout
	}
	return ensemble.Ask(ctx, dial, addr, word)
}

// basics fills in what every server reports about itself. ParseStatus refuses a read-only
// server, because a run cannot use it; here it is shown.
func (s *Server) basics(answer string) error {
	s.State = Serving
	if reads := strings.Replace(answer, "Mode: read-only", "Mode: standalone", 1); reads != answer {
		s.State, answer = ReadOnly, reads
	}
	told, err := ensemble.ParseStatus(answer)
	if err != nil {
		return err
	}
	s.Version, s.Zxid, s.Epoch, s.Connections, s.counted = told.Version, history.ID(told.Zxid), told.Epoch(), told.Connections, told.Znodes
	s.Received, s.Sent, s.Outstanding = told.Received, told.Sent, &told.Outstanding
	for i, d := range told.Latency {
		s.Latency[i] = float64(d) / float64(time.Millisecond)
	}
	if s.State == Serving {
		s.Role = told.Role
	}
	return nil
}
