package checker

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

func init() {
	scenarios = append(scenarios, fencedScenarios(func() *checktest.Record { return checktest.Counter().Tell(1, 10, 20, fenced, 0) })...)
	scenarios = append(scenarios, fencedScenarios(func() *checktest.Record { return checktest.Register().Get(1, 10, 20, fenced, "", 0) })...)
	scenarios = append(scenarios, []scenario{
		{"a plain read", "fenced-reads", Valid, "", checktest.Counter().Tell(1, 10, 20, fenced, 0).Sent(15).Tell(1, 30, 40, plain, 0).Sent(15)},
		{"a read behind a sync", "fenced-reads", Valid, "", checktest.Register().Get(1, 10, 20, fenced, "", 0).Sent(15).Get(1, 30, 40, synced, "", 0).Sent(15)},
	}...)
}

// fencedScenarios are about a fenced read of client 1 from 10 to 20 ms.
func fencedScenarios(read func() *checktest.Record) []scenario {
	const session = 2
	return []scenario{
		{"a fenced read without a fence", "fenced-reads", Violation, "client 1 asked k for a fenced read at 0.010 s and got the answer at 0.020 s, but meanwhile a quorum answered no request of its session 0x2 (last at 0.009 s)", read().Sent(9)},
		{"a session that a quorum never answered", "fenced-reads", Violation, "(never)", read().Sent(0)},
		{"a fence at the call", "fenced-reads", Valid, "", read().Sent(10)},
		{"a fence on the way", "fenced-reads", Valid, "", read().Sent(15)},
		{"without a fence, but its client has a second session", "fenced-reads", Valid, "", read().Sent(9).Session(5, history.FConnected, 1, 9)},
		{"without a fence, and its client's first session had expired", "fenced-reads", Violation, "", read().Sent(9).Session(3, history.FConnected, 1, 9).Session(4, history.FExpired, 1, 9).Session(5, history.FConnected, 1, session)},
		{"without a fence, but it began without a session", "fenced-reads", Valid, "", begunIn(read().Sent(9), 0)},
		{"without a fence, but it began in another session", "fenced-reads", Valid, "", begunIn(read().Sent(9), 9)},
	}
}

// begunIn says in which session the first read began.
func begunIn(r *checktest.Record, session history.ID) *checktest.Record {
	for i := range r.Events {
		if e := &r.Events[i]; e.F == objects.FRead && e.Type == history.Invoke {
			e.Session = session
			break
		}
	}
	return r
}

// The connect of a session that began during a read is a request that a quorum answered. A session
// that was closed before a read has no part in the read, even if the link names it at the answer
// because it heard of the end only then.
func TestReadInASessionOfItsOwnIsFenced(t *testing.T) {
	begun := func(connected int) *checktest.Record {
		return checktest.Counter().Tell(1, 10, 20, fenced, 0).Used(9).Session(connected, history.FConnected, 1, 9)
	}
	closed := func(at int) *checktest.Record {
		return begun(15).Session(at, history.FDead, 1, 9).Session(at, history.FDisconnected, 1, 9).
			Tell(1, 30, 40, fenced, 0).Used(9, 10).Session(36, history.FConnected, 1, 10)
	}
	for name, tt := range map[string]struct {
		record *checktest.Record
		fenced float64
	}{
		"begun during the read": {begun(15), 1},
		"begun before":          {begun(5), 0},
		"another one was closed before the second read": {closed(25), 2},
		"another one was closed during the second read": {closed(35), 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := decideOne(t, tt.record.Build(), "fenced-reads", nil).Figures["fenced"]; got != tt.fenced {
				t.Errorf("%g reads counted as fenced, want %g", got, tt.fenced)
			}
		})
	}
}
