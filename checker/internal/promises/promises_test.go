package promises_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/simulated/sessions"
)

// simulated is a simulated run with its decoded values.
type simulated struct {
	sessions.Record
	values
}

func simulatedRun(s sessions.Record) *simulated { return &simulated{s, valuesOf(s.Events)} }

// judge checks the run, with its transactions or without.
func (s *simulated) judge(t *testing.T, log bool) promises.Report {
	if log {
		return s.judgeWith(t, s.Transactions)
	}
	return s.judgeWith(t, nil)
}

// judgeWith checks the run as if these transactions were known.
func (s *simulated) judgeWith(t *testing.T, txns []history.Txn) promises.Report {
	return promises.Check(t.Context(), promises.Run{
		Events: s.Events, Final: s.Final, Transactions: txns, Lag: sessions.SyncLag, Decode: s.decode,
	})
}

// broken returns the promises that a report says were broken.
func broken(r promises.Report) []string {
	var names []string
	for name, f := range r {
		if f.Text != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// explain shows a violation with its events.
func explain(t *testing.T, s *simulated, r promises.Report, name string) {
	t.Helper()
	f := r[name]
	var lines []string
	for _, i := range f.Counterexample {
		e := s.Events[i]
		b, _ := json.Marshal(e)
		lines = append(lines, string(b))
	}
	t.Logf("%s: %s\n%s", name, f.Text, strings.Join(lines, "\n"))
}

// runs returns how many runs are simulated, and the seed of the first.
func runs() (n int, first uint64) {
	n = 3_000
	if asked, err := strconv.Atoi(os.Getenv("ZKLAB_WORLDS")); err == nil {
		n = asked
	}
	first, _ = strconv.ParseUint(os.Getenv("ZKLAB_FIRST"), 10, 64)
	return n, first
}

// ZKLAB_WORLDS=1000000 looks hard for false alarms; ZKLAB_FIRST is the first seed.
func TestCorrectServersKeepTheirPromises(t *testing.T) {
	t.Parallel()
	n, first := runs()
	figures := map[string]float64{}
	for seed := first; seed < first+uint64(n); seed++ {
		s := simulatedRun(sessions.Run(seed, "", 150+int(seed%7)*50+int(seed%50/49)*4000))
		for _, log := range []bool{true, false} {
			r := s.judge(t, log)
			for _, name := range broken(r) {
				explain(t, s, r, name)
				t.Fatalf("seed %d, transactions known: %v: false alarm", seed, log)
			}
			for name, f := range r {
				for what, n := range f.Figures {
					figures[fmt.Sprintf("%s: %s (%v)", name, what, log)] += n
				}
			}
		}
	}
	var lines []string
	for what, n := range figures {
		lines = append(lines, fmt.Sprintf("%s %.0f", what, n))
	}
	slices.Sort(lines)
	t.Log(strings.Join(lines, "\n"))
}

// lies are the ways in which the simulated servers break a promise: the promise that
// must be found broken, and those that may also be found broken, since that follows.
var lies = []struct {
	lie, promise string
	also         []string
	logOnly      bool     // clients cannot see it
	shows        []uint64 // seeds of runs in which it shows, if these are few
}{
	{lie: "fifo", promise: promises.Fifo, also: []string{promises.SingleImage}},
	{lie: "moved", promise: promises.Fifo, logOnly: true, shows: []uint64{54, 217, 257, 299, 446, 527, 805, 848}},
	{lie: "replies", promise: promises.Fifo, also: []string{promises.SingleImage}},
	{lie: "header", promise: promises.SingleImage},
	{lie: "single image", promise: promises.SingleImage, also: []string{promises.WatchBeforeData, promises.OneEvent}}, // about changes that the client had seen
	{lie: "own writes", promise: promises.OwnWrites, also: []string{
		// The hidden change may have been one of several parts, or not acknowledged.
		promises.Ephemeral, promises.SingleImage, promises.Fenced, promises.Durable, promises.Atomic, promises.Views, promises.WatchBeforeData,
		promises.EventOrder, promises.OneEvent, // its watch was set on the hidden change
	}},
	{lie: "atomic", promise: promises.Atomic, shows: []uint64{176, 532, 632, 785, 921, 1045, 1057}, also: []string{
		promises.WatchBeforeData, promises.Views, promises.OneEvent,
		promises.Ephemeral,                     // the hidden part created one
		promises.Durable, promises.SingleImage, // without the transactions, a hidden part looks like an old view, or a loss
	}},
	{lie: "views", promise: promises.Views, logOnly: true},
	{lie: "children", promise: promises.Views, logOnly: true},
	{lie: "fenced", promise: promises.Fenced, also: []string{promises.Durable, promises.SingleImage, promises.Fifo, promises.EventOrder}},
	{lie: "sync", promise: promises.Sync, shows: []uint64{198, 321, 380, 543, 587, 675, 947, 1151}},
	{lie: "durable", promise: promises.Durable, also: []string{promises.OwnWrites, promises.Fenced, promises.SingleImage, promises.WatchBeforeData}},
	{lie: "watch before data", promise: promises.WatchBeforeData, also: []string{promises.OneEvent, promises.EventOrder}},
	{lie: "missed", promise: promises.WatchBeforeData, shows: []uint64{62, 74, 89, 112, 142}},
	{lie: "one event", promise: promises.OneEvent},
	{lie: "event order", promise: promises.EventOrder, also: []string{promises.OneEvent, promises.WatchBeforeData}},
	{lie: "ephemeral", promise: promises.Ephemeral, shows: []uint64{60, 168, 283, 310, 452, 540, 646}, also: []string{
		// Whatever the parent shows, it has a child too many.
		promises.SingleImage, promises.WatchBeforeData, promises.Atomic, promises.Views,
		promises.EventOrder, // it is created again at its path
	}},
	{lie: "names", promise: promises.Names, shows: []uint64{70, 84, 91}},
}

func TestEachBrokenPromiseIsFoundUnderItsName(t *testing.T) {
	t.Parallel()
	if len(lies) != len(sessions.Defects) {
		t.Errorf("%d lies are looked for, of %d", len(lies), len(sessions.Defects))
	}
	for _, l := range lies {
		t.Run(l.lie, func(t *testing.T) {
			lied := 0
			found, other := map[bool]int{}, map[string]int{}
			for _, seed := range append(firstSeeds(50), l.shows...) {
				run := sessions.Run(seed, l.lie, 400)
				if run.Broken == 0 {
					continue
				}
				lied++
				s := simulatedRun(run)
				for _, log := range []bool{true, false} {
					if l.logOnly && !log {
						continue
					}
					r := s.judge(t, log)
					for _, name := range broken(r) {
						switch {
						case name == l.promise:
							found[log]++
						case !slices.Contains(l.also, name):
							if other[name]++; other[name] == 1 {
								explain(t, s, r, name)
							}
						}
					}
				}
			}
			t.Logf("lied in %d runs, found in %d with transactions, %d without", lied, found[true], found[false])
			if least := 5; found[true] < least || found[false] < least && !l.logOnly {
				t.Error("found too rarely")
			}
			if len(other) > 0 {
				t.Errorf("found, too: %v", other)
			}
		})
	}
}

func firstSeeds(n int) []uint64 {
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = uint64(i)
	}
	return seeds
}

// TestEndsOfSessionsThatNoConnectionAskedFor removes each closeSession and its answer
// from the record. That is how a session that a fault ends by force is recorded: the
// request goes over a connection of its own (link.ExpireSession), and the record says
// that the session is dead, with the zxid, or not even that if the answer was lost.
// Nothing wrong follows from what is missing, and what the record says is used.
func TestEndsOfSessionsThatNoConnectionAskedFor(t *testing.T) {
	t.Parallel()
	seen := map[bool]float64{}
	for seed := range uint64(200) {
		for _, known := range []bool{true, false} {
			run := sessions.Run(seed, "", 300)
			ended := endedByForce(t, &run, known)
			s := simulatedRun(run)
			for _, log := range []bool{true, false} {
				r := s.judge(t, log)
				for _, name := range broken(r) {
					explain(t, s, r, name)
					t.Fatalf("seed %d, %d sessions ended by force, transactions known: %v: false alarm", seed, ended, log)
				}
				if !log {
					seen[known] += r[promises.Ephemeral].Figures["ends_seen"]
				}
			}
		}
	}
	if seen[true] == 0 || seen[false] != 0 {
		t.Errorf("looks at ephemerals of ended sessions: %v where the record says that they are dead, %v where it does not", seen[true], seen[false])
	}
}

// An ephemeral znode that outlives a session that a fault ended is found all the same.
func TestEphemeralsOfSessionsThatNoConnectionAskedFor(t *testing.T) {
	t.Parallel()
	for _, log := range []bool{true, false} {
		found := 0
		for seed := uint64(0); seed < 6000 && found < 5; seed++ {
			s := sessions.Run(seed, "ephemeral", 400)
			if s.Broken == 0 || endedByForce(t, &s, true) == 0 {
				continue
			}
			if r := simulatedRun(s).judge(t, log); r[promises.Ephemeral].Text != "" {
				found++
			}
		}
		if found < 5 {
			t.Errorf("transactions known: %v: found %d times", log, found)
		}
	}
}

// endedByForce turns each end of a session that a client asked for into one that a
// fault caused, and returns how many there were. known means that the fault got its
// answer.
func endedByForce(t *testing.T, s *sessions.Record, known bool) (ended int) {
	asked := map[history.ID]int32{}
	dead := map[history.ID]bool{}
	kept := s.Events[:0:0]
	for _, e := range s.Events {
		switch e.F {
		case history.FRequest:
			var q history.Request
			must.Do(t, e.Decode(&q))
			if q.Op == "closeSession" {
				asked[e.Session] = q.Xid
				ended++
				continue
			}
		case history.FReply:
			var r history.Reply
			must.Do(t, e.Decode(&r))
			if xid, ok := asked[e.Session]; ok && r.Xid == xid {
				if !known || r.Error != 0 || dead[e.Session] {
					continue
				}
				dead[e.Session] = true
				e.F, e.Value = history.FDead, history.Value(history.Dead{By: "close-reply"})
			}
		}
		e.Index = len(kept)
		kept = append(kept, e)
	}
	s.Events = kept
	s.Transactions = slices.Clone(s.Transactions)
	for i := range s.Transactions {
		if x := &s.Transactions[i]; x.Type == "closeSession" && x.Cxid != 0 {
			x.Cxid = math.MaxInt32 // the number that the fault gives its request
		}
	}
	return ended
}

// TestHolesInTheTransactions removes transactions: missing ones prove nothing.
func TestHolesInTheTransactions(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		s := simulatedRun(sessions.Run(seed, "", 300))
		txns := s.Transactions
		rng := rand.New(rand.NewPCG(seed, 1))
		from := rng.IntN(len(txns))
		to := min(len(txns), from+1+rng.IntN(5))
		for _, part := range [][]history.Txn{txns[from:], txns[:from], slices.Delete(slices.Clone(txns), from, to)} {
			r := s.judgeWith(t, part)
			for _, name := range broken(r) {
				explain(t, s, r, name)
				t.Fatalf("seed %d: false alarm with %d of %d transactions", seed, len(part), len(txns))
			}
		}
	}
}
