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

// State is what a server is good for.
type State string

// The states of a server.
const (
	Serving    State = "serving"
	ReadOnly   State = "read-only"   // without a majority, it answers clients that asked for that
	NotServing State = "not serving" // it answers, but has no majority or is still electing
	NoAnswer   State = "no answer"   // it cannot be reached, or is silent
)

// Server is what one server says of itself. What it does not tell is nil or zero.
type Server struct {
	Addr    string        `json:"addr"`
	State   State         `json:"state"`
	Role    ensemble.Role `json:"role,omitempty"`
	Version string        `json:"version,omitempty"`

	Epoch int64      `json:"epoch"` // the high half of the zxid
	Zxid  history.ID `json:"zxid"`
	// Behind is how many transactions others have that this one has not yet, at about the
	// same time.
	Behind *int64 `json:"behind,omitempty"`

	Connections int   `json:"connections"`
	Received    int64 `json:"received"` // packets of clients, since the server began
	Sent        int64 `json:"sent"`     // packets to clients, likewise
	// Latency of requests since the server began, in milliseconds: least, mean, largest.
	Latency [3]float64 `json:"latency_ms"`

	Sessions    *int64 `json:"sessions,omitempty"` // of the whole ensemble
	Watches     *int64 `json:"watches,omitempty"`
	Znodes      *int64 `json:"znodes,omitempty"`
	Ephemerals  *int64 `json:"ephemerals,omitempty"`
	Outstanding *int64 `json:"outstanding,omitempty"` // requests that wait
	Data        *int64 `json:"data_bytes,omitempty"`  // of all znodes, about
	Disk        *int64 `json:"disk_bytes,omitempty"`  // snapshots and transaction logs

	// Mismatches are how often the digest of its tree was not that which the leader had sent
	// with a transaction (3.6 and later), since the server began.
	Mismatches *int64 `json:"digest_mismatches,omitempty"`
	// Uneven says how its number of znodes differs from that of another server at the same zxid;
	// empty: it does not.
	Uneven string `json:"-"`
	// Diverged says what shows that its tree is not that of the others; empty: nothing does.
	Diverged string `json:"diverged,omitempty"`

	voters    *int64 // servers that vote, of those in its configuration
	counted   int    // znodes, as srvr tells, together with Zxid
	uncounted bool   // they are not known for one zxid
	members   ensemble.Members

	Error string `json:"error,omitempty"` // why it did not answer, or not all of it
	// Missing are the four-letter words that it does not answer, as its
	// 4lw.commands.whitelist lacks them, or as it does not know them.
	Missing []string `json:"missing,omitempty"`
}

// Query is how a server is asked. The zero value asks with TCP and a second's patience.
type Query struct {
	Dial ensemble.DialFunc // nil: TCP
	// Timeout bounds what one server may take, 1 s when 0.
	Timeout time.Duration
	// Admin is the URL of the server's admin server, such as http://127.0.0.1:8080; it is
	// asked only for what four-letter words did not tell. Empty: it is not asked.
	Admin string
}

// usualTimeout is short, as one that is paused is silent until it is over.
const usualTimeout = time.Second

// Of asks one server. It fails never: what is wrong is part of the answer.
func (q Query) Of(ctx context.Context, addr string) Server {
	return q.look(ctx, addr, false)
}

// look asks one server, also for its members.
func (q Query) look(ctx context.Context, addr string, members bool) Server {
	s := Server{Addr: addr}
	ctx, cancel := context.WithTimeoutCause(ctx, q.timeout(), errSilent)
	defer cancel()
	if q.brief(ctx, &s) {
		q.details(ctx, &s)
		if members { // those that it does not tell are of no use to people
			answer, _ := q.ask(ctx, addr, "conf")
			s.members = ensemble.ParseMembers(answer)
		}
	}
	return s
}

// brief asks for what every server tells, and says whether this one is of any use. Servers
// that are not Apache's may know stat and not srvr, or ruok alone.
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

var errRuns = errors.New("it answers ruok, but neither srvr nor stat: nothing else is known of it")

// otherBasics asks a server for them that did not answer srvr, for a reason.
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

// basics asks for them with one word.
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

// basics takes what every server tells of itself. ParseStatus refuses a server that is
// read-only, as it is of no use to a run; here it is one to be seen.
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
