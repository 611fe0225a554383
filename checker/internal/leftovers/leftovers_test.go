package leftovers

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// run builds a run of a model in which one client calls one operation every ten milliseconds.
type run struct {
	*checktest.Record
	now     int
	session history.ID // of client 0
	key     string
}

const owner = history.ID(1) // the first session

func newRun(model *models.Model) *run {
	r := &run{checktest.Ours(model.Name, history.Params{Clients: 1, Servers: 3, Root: "/run"}), 10, owner, "k"}
	r.Phases(0, 9000, 9100).Fact(0, history.FHarness, history.Harness{Session: 9})
	r.Opens(9).Opens(owner).Txn(history.Txn{Type: "create", Session: 9, Path: "/run"})
	r.Saw(1, 0, 3, 1)
	return r
}

// reconnects gives client 0 another session.
func (r *run) reconnects() {
	r.session += 10
	r.Opens(r.session).Session(r.now, history.FConnected, 0, r.session)
	r.now++
}

// calls adds an operation of client 0. The transactions in made are committed during the
// call.
func (r *run) calls(f string, outcome history.Type, value any, made ...history.Txn) {
	for _, t := range made {
		t.Session = r.session
		r.Txn(t)
	}
	r.Op(checktest.Args{Client: 0, F: f, Key: r.key, Inv: r.now, Ret: r.now + 5, Outcome: outcome, In: value, Out: value, Session: r.session})
	r.Saw(r.now+4, 0, r.Zxid-checktest.Epoch, r.now+1)
	r.now += 10
}

func (r *run) found(t *testing.T) (*Found, string) {
	t.Helper()
	return Of(t.Context(), evidence.Read(t.Context(), r.Build(), nil, r.Txns))
}

func create(path string) history.Txn { return history.Txn{Type: "create", Path: path} }

func ephemeral(path string) history.Txn {
	return history.Txn{Type: "create", Path: path, Owner: owner}
}

// acquires adds n acquires and releases; leaves returns what the i-th acquire leaves.
func (r *run) acquires(n int, leaves func(i int) []history.Txn) {
	for i := range n {
		r.calls(models.FAcquire, history.OK, nil, leaves(i)...)
		r.calls(models.FRelease, history.OK, nil)
	}
}

func TestGrowth(t *testing.T) {
	mark := func(i int) history.Txn { return ephemeral(fmt.Sprintf("/run/k/mark-%010d", i)) }
	tests := []struct {
		name   string
		leaves func(i int) []history.Txn
		want   string // what is said about the group; "" for nothing
	}{
		{"nothing", func(int) []history.Txn { return nil }, ""},
		{"one for each acquire", func(i int) []history.Txn { return []history.Txn{mark(i)} }, "80 of 80 acquires left one ephemeral znode each (k/mark-*)"},
		{"two for each", func(i int) []history.Txn { return []history.Txn{mark(2 * i), mark(2*i + 1)} }, "80 of 80 acquires left 160 ephemeral znodes (k/mark-*)"},
		{"one for every fourth", func(i int) []history.Txn { return []history.Txn{mark(i)}[:(4-i%4)/4] }, "20 of 80 acquires left one ephemeral znode each (k/mark-*)"},
		{"beside the run's root", func(i int) []history.Txn { return []history.Txn{create(fmt.Sprint("/other/", i))} }, "80 of 80 acquires left one persistent znode each (/other/*)"},
		{"one for every twentieth", func(i int) []history.Txn { return []history.Txn{mark(i)}[:(20-i%20)/20] }, ""},
		{"only in the first half", func(i int) []history.Txn { return []history.Txn{mark(i)}[:(80-i)/41] }, ""},
		{"only in the second half", func(i int) []history.Txn { return []history.Txn{mark(i)}[:i/40] }, ""},
		{"one in all", func(i int) []history.Txn { return []history.Txn{create("/run/k")}[:(80-i)/80] }, ""},
		{"containers", func(i int) []history.Txn {
			return []history.Txn{{Type: "createContainer", Path: fmt.Sprint("/run/k/c", i)}}
		}, ""},
		{"what is deleted", func(i int) []history.Txn {
			return []history.Txn{mark(i), {Type: "delete", Path: mark(i).Path}}
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRun(models.Lock)
			r.acquires(80, tt.leaves)
			l, why := r.found(t)
			if why != "" {
				t.Fatal(why)
			}
			got := strings.Join(l.Warnings(), "\n")
			if tt.want == "" && got != "" || !strings.HasSuffix(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// Objects may need some znodes for each session and key, however many sessions there are.
func TestOneForEachSession(t *testing.T) {
	r := newRun(models.Lock)
	for n := range 20 {
		r.acquires(4, func(i int) []history.Txn { return []history.Txn{create(fmt.Sprint("/run/k/member-", n))}[:(4-i)/4] })
		r.reconnects()
	}
	l, _ := r.found(t)
	if g := l.Groups[0]; len(l.Warnings()) > 0 || g.Leaving != 20 || g.Operations != 80 {
		t.Errorf("%+v", l)
	}
}

// If each round has a key of its own, it may also have znodes of its own. Znodes besides those of
// the rounds count as growing.
func TestRounds(t *testing.T) {
	r := newRun(models.DoubleBarrier)
	for i := range 40 {
		r.key = fmt.Sprint("round", i)
		r.calls(models.FEnter, history.OK, nil, create("/run/"+r.key), create("/run/"+r.key+"/ready"), create(fmt.Sprint("/run/mark", i)))
	}
	l, _ := r.found(t)
	const want = "40 of 40 enters left one persistent znode each (mark*)"
	if got := l.Warnings(); len(got) != 1 || !strings.HasSuffix(got[0], want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Failed operations count as a kind of their own.
func TestFailedOperations(t *testing.T) {
	r := newRun(models.Lock)
	for i := range 30 {
		r.acquires(20, func(int) []history.Txn { return nil })
		r.calls(models.FAcquire, history.Fail, nil, ephemeral(fmt.Sprintf("/run/k/c-%010d", i)))
	}
	l, _ := r.found(t)
	const want = "30 of 30 acquires that failed left one ephemeral znode each (k/c-*)"
	if got := l.Warnings(); len(got) != 1 || !strings.HasSuffix(got[0], want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Ephemeral znodes that go with their session were left behind, if the client no longer used them;
// znodes that it used at that moment were not.
func TestSessionEnds(t *testing.T) {
	r := newRun(models.Lock)
	r.acquires(40, func(i int) []history.Txn { return []history.Txn{ephemeral(fmt.Sprintf("/run/k/mark-%010d", i))} })
	there, _ := r.found(t)
	r.Closes(owner).Session(r.now, history.FExpired, 0, owner)
	r.calls(models.FAcquire, history.Fail, nil)
	l, _ := r.found(t)
	if g := there.Groups[0]; there.Ephemeral != 40 || g.AtEnd != 40 {
		t.Errorf("%+v", there)
	}
	if len(l.Groups) != 1 || l.Ephemeral != 0 {
		t.Fatalf("%+v", l)
	}
	if g := l.Groups[0]; g.Left != 39 || g.AtEnd != 0 || !g.Grows {
		t.Errorf("%+v", g)
	}
}

// What a killed process left goes with its session, even if that is still there at the end.
func TestKilledProcess(t *testing.T) {
	r := newRun(models.Lock)
	r.calls(models.FAcquire, history.OK, nil, ephemeral("/run/k/c-0000000000"), create("/run/k/p"))
	r.Add(r.now, history.Event{
		Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FExited, Value: history.Value(history.Exited{By: history.ByCrash}),
	})
	// That the processes of all clients end with the run does not count.
	if l, _ := r.found(t); l.Ephemeral != 1 || l.Persistent != 1 {
		t.Errorf("%+v", l)
	}
	r.now += 10
	r.calls(models.FAcquire, history.Fail, nil)
	if l, _ := r.found(t); l.Ephemeral != 0 || l.Persistent != 1 {
		t.Errorf("%+v", l)
	}
}

// Items that no client has taken belong in the tree, and so do finished jobs, but only as one znode
// each.
func TestItems(t *testing.T) {
	item := func(i int) string { return fmt.Sprint("item ", i) }
	put := func(copies ...string) *run {
		r := newRun(models.Queue)
		for i := range 40 {
			var made []history.Txn
			for _, name := range copies {
				made = append(made, history.Txn{Type: "create", Path: fmt.Sprintf("/run/k/%s/%010d", name, i), Data: []byte(item(i))})
			}
			r.calls(models.FEnqueue, history.OK, models.Item{Item: item(i)}, made...)
		}
		return r
	}
	l, _ := put("items").found(t)
	if l.Persistent != 40 || len(l.Warnings()) > 0 {
		t.Errorf("%+v", l)
	}
	if l, _ = put("items", "copies").found(t); len(l.Warnings()) != 1 {
		t.Errorf("%+v", l)
	}
	r := put("items")
	for i := range 40 { // an item that is put in another place accounts for one znode
		path := fmt.Sprintf("/run/k/items/%010d", i)
		r.calls(models.FDequeue, history.Fail, nil, history.Txn{Type: "delete", Path: path}, history.Txn{Type: "create", Path: path + "x", Data: []byte(item(i))})
	}
	if l, _ = r.found(t); len(l.Warnings()) > 0 {
		t.Errorf("%+v", l)
	}
	r = put("items")
	for i := range 40 { // it is taken, but its znode stays
		r.calls(models.FDequeue, history.OK, models.Item{Item: item(i)})
	}
	if l, _ = r.found(t); len(l.Warnings()) != 1 {
		t.Errorf("%+v", l)
	}
	r = newRun(models.JobQueue)
	var done models.Jobs
	for i := range 40 {
		r.calls(models.FEnqueue, history.OK, models.Item{Item: item(i)})
		r.calls(models.FFinish, history.OK, models.Attempt{Item: item(i), Attempt: 1}, history.Txn{Type: "create", Path: fmt.Sprint("/run/k/done/", i), Data: []byte(item(i))})
		done.Done = append(done.Done, item(i))
	}
	if l, _ = r.found(t); len(l.Warnings()) != 1 {
		t.Errorf("%+v", l)
	}
	r.KeyFact(9200, history.FDrained, "k", done)
	if l, _ = r.found(t); len(l.Warnings()) > 0 {
		t.Errorf("%+v", l)
	}
}

// A watch on a deleted znode was left behind by the operation that its client had begun by then.
// Other watches have something to wait for.
func TestWatches(t *testing.T) {
	r := newRun(models.Lock)
	var gone []string
	r.acquires(40, func(i int) []history.Txn {
		n := ephemeral(fmt.Sprintf("/run/k/turn-%010d", i))
		gone = append(gone, n.Path)
		return []history.Txn{n, {Type: "delete", Path: n.Path}}
	})
	r.calls(models.FAcquire, history.OK, nil, create("/run/k/there"))
	if l, _ := r.found(t); l.Watches != -1 {
		t.Errorf("of what is not known: %d watches", l.Watches)
	}
	paths := append(slices.Clone(gone), "/run/k/there", "/run/k/never-there")
	told := history.Watches{Sessions: []history.SessionWatches{{Session: owner, Paths: paths}, {Session: 9, Paths: gone}}}
	r.Fact(9200, history.FWatches, told)
	const want = "40 of 41 acquires left one watch on a deleted znode each (k/turn-*)"
	l, _ := r.found(t)
	if got := l.Warnings(); l.Watches != 42 || len(got) != 1 || !strings.HasSuffix(got[0], want) {
		t.Errorf("%d watches: %q, want %q", l.Watches, got, want)
	}
	told.Unread = []history.ServerNote{{Server: 2, Text: "it does not answer"}}
	r.Events[len(r.Events)-1].Value = history.Value(told)
	if l, _ := r.found(t); l.Watches != -1 || len(l.Warnings()) > 0 {
		t.Errorf("one server did not tell: %+v", l)
	}
}

// If the log does not tell, figures are missing, and not 0.
func TestUnknown(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func() *checktest.Record
		why  string
	}{
		{"no log, and none to be had", func() *checktest.Record {
			r := newRun(models.Lock)
			r.Header.Params.Unlogged, r.Txns = true, nil
			return r.Record
		}, evidence.NoLog},
		{"no log", func() *checktest.Record {
			r := newRun(models.Lock)
			r.Txns = nil
			return r.Record
		}, ""},
		{"a hole", func() *checktest.Record { return newRun(models.Lock).Skip().Touches(owner) }, "the transaction log is not complete"},
		{"no end", func() *checktest.Record {
			r := newRun(models.Lock)
			r.Events = r.Events[:3]
			return r.Record
		}, "the run ended before the clients had released what they held"},
		{"an unknown session", func() *checktest.Record {
			return newRun(models.Lock).Txn(history.Txn{Type: "create", Session: 77, Path: "/run/k"})
		}, "not all sessions of the clients are known"},
		{"the store itself", func() *checktest.Record { return newRun(models.Register).Record }, ""},
	} {
		r := tt.run()
		l, why := Of(t.Context(), evidence.Read(t.Context(), r.Build(), nil, r.Txns))
		if l != nil || why != tt.why {
			t.Errorf("%s: %+v, %q, want %q", tt.name, l, why, tt.why)
		}
	}
}

// The checks of a counter do not need the log, but what it leaves behind is known.
func TestCounter(t *testing.T) {
	r := newRun(models.Counter)
	for i := range 40 {
		r.calls(models.FAdd, history.OK, nil, create(fmt.Sprintf("/run/k/add-%010d", i)))
	}
	if l, why := r.found(t); l == nil || len(l.Warnings()) != 1 {
		t.Errorf("%+v, %s", l, why)
	}
}

func TestPatterns(t *testing.T) {
	for name, want := range map[string]string{
		"k1/lock": "k*/lock", "lock-0000000012": "lock-*", "contender0000000012": "contender*",
		"_c_3f0d5b7e-8c1a-4a55-9e21-0a1b2c3d4e5f-lock-0000000001": "_c_*-lock-*",
		"8a7f6e5d4c3b2a1908f7e6d5c4b3a291__lock__0000000007":      "*__lock__*",
		"session-0x1dc6acfac000003":                               "session-*",
		"by-ZK4QWERTY5UIOPASDFGH2JKL7M":                           "by-*",
		"configurations/interrupted":                              "configurations/interrupted",
	} {
		if got := generalise(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for want, names := range map[string][]string{
		"mark-*": {"mark-1", "mark-2", "folder"},
		"by-*":   {"by-anna", "by-bert", "by-carl"},
		"*":      {"anna", "bert"},
	} {
		if got := commonName(names); got != want {
			t.Errorf("%q: %s, want %s", names, got, want)
		}
	}
}
