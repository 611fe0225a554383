package mix

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// judgedBy names the figure that tells how often a property compared something that could have been
// wrong. The property is that of one model ("queue/loss") or of all models that have it.
var judgedBy = map[string]string{
	"log": "compared", "register/log": "refused", "server-agreement": "comparisons", "progress": "waits", "reassign": "waits", "termination": "waits",

	"exclusion": "holds", "bound": "holds", "tokens": "contended", "fencing": "writes", "grant": "grants_checked",
	"lost": "told_decided", "own-znodes": "ephemerals", "fair": "met_full", "states": "asked_again", "who-leads": "answers_compared",
	"coverage": "together", "balance": "together",
	"all-or-none": "given_up", "revocation": "heard", "rwlock/tokens": "writers_met",

	"integrity": "dequeued", "order": "overlapping_found", "loss": "items", "class-order": "overlapping_found",
	"same-due": "overlapping_found", "priority": "choices", "due-order": "choices", "strict": "choices",
	"not-early": "not_due", "empty": "empties", "bounded": "full",

	"lease-exclusion": "lasting", "finish-once": "attempts", "conservation": "jobs", "attempts": "attempts", "stale-plan": "assignments",

	"early": "blocked", "late": "waits_judged", "enter": "entered", "leave": "full_rounds",
	"agreement": "told_again", "irrevocable": "told_again", "validity": "committed", "no-lazy-abort": "aborted",

	"real": "lists", "fresh": "dated", "monotone": "told", "snapshots": "placed", "pick": "picks",
	"converge": "settled_lists", "gone": "settled_lists_of_crashed",
	"cache/converge": "converged", "config/converge": "converged", "valid": "told", "cache/order": "told", "config/order": "told",
	"current": "current", "first": "first",

	"linearizable": "changes", "counter/linearizable": "conflicts", "plain-reads": "plain", "sync-reads": "sync_judged", "fenced-reads": "fenced",
	"zxid-order": "ordered", "register/durable": "acknowledged",

	"connects": "connects", "kept-alive": "expired", "expiry": "ends", "answers": "keys", // each request of each connection
	"fifo": "writes", "single-image": "replies", "own-writes": "reads", "atomic": "multis", "views": "reads",
	"fenced": "reads", "sync": "reads", "durable": "final_reads", "watch-before-data": "events", "one-event": "events",
	"event-order": "events", "ephemeral": "ends_seen", "names": "created",
	"timeliness": "reads", "rights": "kept", "lifetimes": "looks", "persistent-watch": "told",
}

// elsewhere lists the properties that the usual seeds of zklab's own recipe cannot decide, with the
// runs that decide them instead.
var elsewhere = map[string]struct {
	why string
	w   workloads.Workload
}{
	"queue/empty":          {"its takes wait", workloads.Queue{New: pollingQueue}},
	"priority-queue/empty": {"its takes wait", workloads.PriorityQueue{New: pollingPriorityQueue}},
	"delay-queue/empty":    {"its takes wait", workloads.DelayQueue{New: pollingDelayQueue}},
	"queue/bounded":        {"it has room for any number", workloads.Queue{New: subjects.NewBoundedQueue}},
}

// The usual seeds of Simulate decide each property of each object, and not merely because there was
// nothing to judge.
func TestEachPropertyIsDecided(t *testing.T) {
	for _, recipe := range specimens.Recipes() {
		t.Run(recipe, func(t *testing.T) {
			const usual, few = 10, 3
			sum := map[string]int{}
			for seed := int64(1); seed <= usual; seed++ {
				r := ranOwn(t, recipe, seed)
				add(t, sum, r.judged, r.wrong)
			}
			for _, name := range properties(t, recipe) {
				by, listed := elsewhere[recipe+"/"+name]
				switch {
				case sum[name] > 0 && listed:
					t.Errorf("%s is listed, but the usual seeds decide it", name)
				case sum[name] > 0:
				case judgedBy[recipe+"/"+name] == "" && judgedBy[name] == "":
					t.Errorf("%s: name in judgedBy the figure that counts what %s compared", name, name)
				case !listed:
					t.Errorf("%s: nothing was judged in %d runs", name, usual)
				case judgements(t, by.w, few)[name] == 0:
					t.Errorf("%s: nothing was judged though %s: nor in %d other runs", name, by.why, few)
				}
			}
			t.Logf("%v", sum)
		})
	}
}

// properties lists the properties of a recipe, except those that a result has only if something is wrong.
func properties(t *testing.T, recipe string) (names []string) {
	t.Helper()
	checks := must.Get(checker.For(recipe, checker.Options{}))(t)
	for _, c := range checks {
		if name := c.Name(); name != "no-panic" && name != "returns" && name != "recovers" && name != "belief" { // which is only measured
			names = append(names, name)
		}
	}
	return names
}

// judgements tells how often each property judged something in the first seeds of a workload, counting only
// runs that decided it.
func judgements(t *testing.T, w workloads.Workload, seeds int64) map[string]int {
	t.Helper()
	x := usual(t, w)
	sum := map[string]int{}
	for x.Seed = 1; x.Seed <= seeds; x.Seed++ {
		judged, wrong := judged(simulated(t, x))
		add(t, sum, judged, wrong)
	}
	return sum
}

// add adds what was judged in one run, and fails the test if anything was wrong in it.
func add(t *testing.T, sum, judged map[string]int, wrong []string) {
	t.Helper()
	for name, n := range judged {
		sum[name] += n
	}
	for _, text := range wrong {
		t.Error(text)
	}
}

// judged tells how often each decided property judged something in a run, and what was wrong.
func judged(o *experiment.Outcome) (judged map[string]int, wrong []string) {
	judged, undecided := map[string]int{}, map[string]bool{}
	for _, v := range o.Result.Verdicts {
		undecided[v.Property] = undecided[v.Property] || v.Result == checker.Unknown
		if v.Result == checker.Violation && !v.Measured {
			wrong = append(wrong, fmt.Sprintf("seed %d: %s is violated: %s", o.Result.Seed, v.Property, v.Reason))
		}
	}
	for _, v := range o.Result.Verdicts {
		figure := cmp.Or(judgedBy[o.Result.Recipe+"/"+v.Property], judgedBy[v.Property])
		if !undecided[v.Property] {
			judged[v.Property] += int(v.Figures[figure])
		}
	}
	return judged, wrong
}

// polling is a queue that does not wait: a take from an empty queue returns at once. Items are taken in
// the order of their names.
type polling struct {
	conn *zk.Conn
	path string
	due  bool // names begin with the time from which an item may be taken
}

func newPolling(c *subjects.Client, path string, due bool) (*polling, error) {
	_, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if errors.Is(err, zk.ErrNodeExists) {
		err = nil
	}
	return &polling{c.Conn, path, due}, err
}

func (q *polling) put(first int64, item []byte) error {
	_, err := q.conn.Create(fmt.Sprintf("%s/%020d-", q.path, first), item, zk.FlagSequence, zk.WorldACL(zk.PermAll))
	return err
}

func (q *polling) Take(context.Context) ([]byte, error) {
	for {
		names, _, err := q.conn.Children(q.path)
		names = slices.DeleteFunc(names, func(name string) bool { return strings.Contains(name, history.ForeignMark) })
		if err != nil || len(names) == 0 {
			return nil, err
		}
		name := slices.Min(names)
		if at, _, _ := strings.Cut(name, "-"); q.due && at > fmt.Sprintf("%020d", time.Now().UnixMilli()) {
			return nil, nil
		}
		item, _, err := q.conn.Get(q.path + "/" + name)
		if err == nil {
			err = q.conn.Delete(q.path+"/"+name, -1)
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return item, err
		}
	}
}

func (q *polling) Put(_ context.Context, item []byte) error { return q.put(0, item) }

type pollingPriorities struct{ *polling }

func (q pollingPriorities) Put(_ context.Context, priority int32, item []byte) error {
	return q.put(int64(priority)+1<<31, item)
}

type pollingDelays struct{ *polling }

func (q pollingDelays) Put(_ context.Context, due time.Time, item []byte) error {
	return q.put(due.UnixMilli(), item)
}

func pollingQueue(c *subjects.Client, path string) (subjects.Queue, error) {
	return newPolling(c, path, false)
}

func pollingPriorityQueue(c *subjects.Client, path string) (subjects.PriorityQueue, error) {
	q, err := newPolling(c, path, false)
	return pollingPriorities{q}, err
}

func pollingDelayQueue(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	q, err := newPolling(c, path, true)
	return pollingDelays{q}, err
}
