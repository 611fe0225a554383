package checker_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

var updateStories = flag.Bool("update-stories", false, "write the golden stories anew")

// nothing is the subject of objects whose histories tests write.
type nothing struct{}

func (*nothing) Take(context.Context, int) error         { return nil }
func (*nothing) Give(context.Context, int) error         { return nil }
func (*nothing) Taken(context.Context) (int, error)      { return 0, nil }
func (*nothing) Online(context.Context) ([]int, error)   { return nil, nil }
func (*nothing) Next(context.Context) (int, error)       { return 0, nil }
func (*nothing) Put(context.Context, string) error       { return nil }
func (*nothing) Pop(context.Context) (*string, error)    { return nil, nil }
func (*nothing) Enqueue(context.Context, int64) error    { return nil }
func (*nothing) Dequeue(context.Context) (*int64, error) { return nil, nil }
func (*nothing) Campaign(context.Context) error          { return nil }
func (*nothing) Resign(context.Context) error            { return nil }

func subject(*subjects.Client, string) (*nothing, error) { return &nothing{}, nil }

var (
	errFull = errors.New("over the quota")
	errFew  = errors.New("not so many are taken")
)

// quotas returns an object that gives out 8 units.
func quotas() workloads.Workload {
	take := object.Give("take", (*nothing).Take, object.Any(1, 2, 3)).Refuses(errFull)
	give := object.Give("give", (*nothing).Give, object.Any(1, 2, 3)).Refuses(errFew)
	taken := object.Ask("taken", (*nothing).Taken)
	return object.Object[*nothing]{
		Name: "quota", New: subject, Operations: []object.Operation[*nothing]{take, give, taken},
		Rules: []object.Rule{object.Sequential(0,
			object.Runs(take, func(s, n int) (int, object.None, error) {
				if s+n > 8 {
					return s, object.None{}, errFull
				}
				return s + n, object.None{}, nil
			}),
			object.Runs(give, func(s, n int) (int, object.None, error) {
				if s < n {
					return s, object.None{}, errFew
				}
				return s - n, object.None{}, nil
			}),
			object.Runs(taken, func(s int, _ object.None) (int, int, error) { return s, s, nil }))},
	}.Workload()
}

// bags returns an object with sets of texts, as a specification with a map.
func bags() workloads.Workload {
	put, pop := object.Give("put", (*nothing).Put, object.Any("a", "b")), object.Ask("pop", (*nothing).Pop)
	return object.Object[*nothing]{
		Name: "bag", New: subject, Operations: []object.Operation[*nothing]{put, pop},
		Rules: []object.Rule{object.Sequential(map[string]int{},
			object.Runs(put, func(s map[string]int, item string) (map[string]int, object.None, error) {
				next := map[string]int{item: 1}
				for k, n := range s {
					next[k] += n
				}
				return next, object.None{}, nil
			}),
			object.Allows(pop, func(s map[string]int, _ object.None, got *string) (map[string]int, error) {
				if got == nil && len(s) == 0 {
					return s, nil
				}
				if got == nil || s[*got] == 0 {
					return nil, errors.New("pop answered what is not in the bag")
				}
				next := map[string]int{}
				for k, n := range s {
					if k != *got {
						next[k] = n
					}
				}
				return next, nil
			}, object.Same))},
	}.Workload()
}

func numbered() workloads.Workload {
	next := object.Ask("next", (*nothing).Next)
	return object.Object[*nothing]{
		Name: "numbers", New: subject, Operations: []object.Operation[*nothing]{next},
		Rules: []object.Rule{object.Sequential(0, object.Runs(next, func(n int, _ object.None) (int, int, error) { return n + 1, n + 1, nil }))},
	}.Workload()
}

func elections() workloads.Workload {
	campaign, resign := object.Do("campaign", (*nothing).Campaign), object.Do("resign", (*nothing).Resign)
	return object.Object[*nothing]{
		Name: "own-election", New: subject, Operations: []object.Operation[*nothing]{campaign, resign},
		Rules: []object.Rule{object.Exclusive(campaign, resign)},
	}.Workload()
}

func badges() workloads.Workload {
	claim, release := object.Ask("claim", (*nothing).Next), object.Do("release", (*nothing).Resign)
	return object.Object[*nothing]{
		Name: "badges", New: subject, Operations: []object.Operation[*nothing]{claim, release},
		Rules: []object.Rule{object.Owned(claim).Until(release)},
	}.Workload()
}

// rooms returns an object that tells which clients are there, until their sessions end.
func rooms() workloads.Workload {
	arrive, online := object.Do("arrive", (*nothing).Resign), object.Ask("online", (*nothing).Online)
	there := func(clients [3]bool) []int {
		all := []int{}
		for c, is := range clients {
			if is {
				all = append(all, c)
			}
		}
		return all
	}
	return object.Object[*nothing]{
		Name: "room", New: subject, Operations: []object.Operation[*nothing]{arrive, online},
		Rules: []object.Rule{object.Sequential([3]bool{},
			object.RunsBy(arrive, func(s [3]bool, who object.Caller, _ object.None) ([3]bool, object.None, error) {
				s[who.Client] = true
				return s, object.None{}, nil
			}),
			object.Runs(online, func(s [3]bool, _ object.None) ([3]bool, []int, error) { return s, there(s), nil }),
		).SessionEnds(func(s [3]bool, who object.Caller) [3]bool {
			s[who.Client] = false
			return s
		})},
	}.Workload()
}

func lines() workloads.Workload {
	put, pop := object.Give("put", (*nothing).Enqueue, object.Unique), object.Ask("pop", (*nothing).Dequeue)
	return object.Object[*nothing]{
		Name: "line", New: subject, Operations: []object.Operation[*nothing]{put, pop},
		Rules: []object.Rule{object.Queue(put, pop)},
	}.Workload()
}

// tape writes a history with its transactions. Everything is about k1, below /run.
type tape struct{ *checktest.Record }

const top, k1 = "/run", "/run/k1"

func begun(w workloads.Workload) *tape {
	r := checktest.Ours(w.Name(), history.Params{Clients: 3, Servers: 3, Root: top})
	version := r.Header.Version
	r.Header = workloads.HeaderOf(w, r.Header.Params)
	r.Header.Version = version
	t := &tape{r.Phases(0, 9000, 9100).Fact(0, history.FHarness, history.Harness{Session: 99})}
	t.Txn(history.Txn{Type: "create", Path: top, Session: 99})
	for client := range 3 {
		t.Opens(history.ID(client + 1))
		t.sees(1, client)
	}
	t.Txn(history.Txn{Type: "create", Path: k1, Session: 1, Data: []byte("0")})
	t.sees(2, 0)
	return t
}

// sees adds an answer to a client with the latest transaction. The request was sent a millisecond
// before.
func (t *tape) sees(at, client int) { t.Saw(at, client, t.Zxid-checktest.Epoch, at-1) }

// sets writes to k1 in the session of a client.
func (t *tape) sets(at, client int, data string, version int32) {
	t.Txn(history.Txn{Type: "setData", Path: k1, Session: history.ID(client + 1), Data: []byte(data), Version: version})
	t.sees(at, client)
}

// makes creates a znode below k1.
func (t *tape) makes(at, client int, name, data string, ephemeral bool, number int32) {
	x := history.Txn{Type: "create", Path: k1 + "/" + name, Session: history.ID(client + 1), Data: []byte(data), ParentCversion: number + 1}
	if ephemeral {
		x.Owner = x.Session
	}
	t.Txn(x)
	t.sees(at, client)
}

func (t *tape) deletes(at, client int, name string) {
	t.Txn(history.Txn{Type: "delete", Path: k1 + "/" + name, Session: history.ID(client + 1)})
	t.sees(at, client)
}

// ends ends the session of a client, and it learns that.
func (t *tape) ends(at, client int) {
	t.Closes(history.ID(client + 1))
	t.Add(at, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FDead, Session: history.ID(client + 1), Zxid: t.Zxid})
	t.Add(at+1, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FExpired, Session: history.ID(client + 1)})
}

// calls adds a call that was answered. err is the error of a refusal.
func (t *tape) calls(client int, f string, from, to int, in, out any, err error) {
	a := checktest.Args{Client: client, F: f, Key: "k1", Inv: from, Ret: to, Outcome: history.OK, In: in, Out: out, Session: history.ID(client + 1)}
	if err != nil {
		a.Outcome, a.Err = history.Fail, &history.Error{Code: history.CodeRefused, Message: err.Error()}
	}
	t.Op(a)
}

// timesOut adds a call without an answer.
func (t *tape) timesOut(client int, f string, from, to int, in any) {
	t.Op(checktest.Args{
		Client: client, F: f, Key: "k1", Inv: from, Ret: to, Outcome: history.Info, In: in, Session: history.ID(client + 1),
		Err: &history.Error{Code: history.CodeTimeout, Message: "context deadline exceeded"},
	})
}

// losesReply adds a fault that took a reply from a client.
func (t *tape) losesReply(at, client int, op, path string) {
	step := func(s string) history.FaultStep {
		return history.FaultStep{Fault: 1, Step: s, Spec: "lose-reply:" + op, Clients: []int{client}, Sessions: []history.ID{history.ID(client + 1)}}
	}
	verified := step(history.StepVerified)
	verified.Lost = []history.LostMessage{{What: history.LostReply, Client: client, Session: history.ID(client + 1), Op: op, Path: path, At: time.Duration(at) * checktest.Unit}}
	t.Fact(at-5, "lose-reply", step(history.StepInject))
	t.Fact(at, "lose-reply", verified)
	t.Fact(at+5, "lose-reply", step(history.StepHealed))
}

// stories are violations whose cause a reader has to find, by the names of their golden
// files.
var stories = map[string]func() *tape{
	// a take that is repeated after a lost reply: only a later read shows it
	"taken-twice": func() *tape {
		t := begun(quotas())
		t.sets(110, 0, "1", 1)
		t.calls(0, "take", 100, 120, 1, nil, nil)
		t.sets(202, 1, "4", 2)
		t.losesReply(203, 1, "setData", k1)
		t.sets(260, 1, "7", 3)
		t.calls(1, "take", 200, 270, 3, nil, nil)
		t.sets(285, 2, "6", 4)
		t.calls(2, "give", 275, 310, 1, nil, nil)
		t.sees(295, 0)
		t.calls(0, "taken", 290, 300, nil, 6, nil)
		return t
	},
	// a take that no longer compares with the limit
	"overstepped": func() *tape {
		t := begun(quotas())
		t.sets(110, 0, "6", 1)
		t.calls(0, "take", 100, 120, 6, nil, nil)
		t.sets(210, 1, "8", 2)
		t.calls(1, "take", 200, 230, 2, nil, nil)
		t.sets(220, 2, "10", 3)
		t.calls(2, "take", 200, 330, 2, nil, nil)
		t.sets(325, 1, "8", 4)
		t.calls(1, "give", 240, 340, 2, nil, nil)
		t.sees(311, 0)
		t.calls(0, "taken", 300, 312, nil, 10, nil)
		return t
	},
	// a read without a sync
	"old-read": func() *tape {
		t := begun(quotas())
		t.sets(110, 0, "2", 1)
		t.calls(0, "take", 100, 120, 2, nil, nil)
		t.sees(130, 2)
		t.sets(210, 1, "5", 2)
		t.calls(1, "take", 200, 220, 3, nil, nil)
		for at, typ := range map[int]history.Type{300: history.Invoke, 310: history.OK} {
			e := history.Event{Client: 2, Process: 2, Type: typ, F: "taken", Key: "k1", Session: 3, Alive: 129 * checktest.Unit, Seen: t.Zxid - 1}
			if typ == history.OK {
				e.Value = history.Value(2)
			}
			t.Add(at, e)
		}
		return t
	},
	// a take that reports success, and did nothing
	"never-written": func() *tape {
		t := begun(quotas())
		t.sets(110, 0, "2", 1)
		t.calls(0, "take", 100, 120, 2, nil, nil)
		t.calls(1, "take", 200, 220, 3, nil, nil)
		t.sees(305, 2)
		t.calls(2, "taken", 300, 310, nil, 2, nil)
		return t
	},
	// a take that is repeated after a lost reply, and then refused by its own first try
	"refused-yet-written": func() *tape {
		t := begun(quotas())
		t.sets(110, 0, "5", 1)
		t.calls(0, "take", 100, 120, 5, nil, nil)
		t.sets(202, 1, "8", 2)
		t.losesReply(203, 1, "setData", k1)
		t.calls(1, "take", 200, 270, 3, nil, errFull)
		t.sees(295, 0)
		t.calls(0, "taken", 290, 300, nil, 8, nil)
		return t
	},
	// a give that does not compare versions overwrites a take
	"lost-update": func() *tape {
		t := begun(quotas())
		for i, n := range []int{1, 2, 1} {
			t.sets(110+20*i, 0, []string{"1", "3", "4"}[i], int32(i+1))
			t.calls(0, "take", 100+20*i, 115+20*i, n, nil, nil)
		}
		t.sets(210, 1, "7", 4)
		t.sets(212, 2, "3", 5)
		t.calls(1, "take", 200, 220, 3, nil, nil)
		t.calls(2, "give", 201, 222, 1, nil, nil)
		t.sees(305, 0)
		t.calls(0, "taken", 300, 310, nil, 3, nil)
		return t
	},
	// a number that is given back twice is given to two clients
	"given-back-twice": func() *tape {
		t := begun(badges())
		t.makes(105, 0, "free-0000000000", "3", false, 0)
		t.losesReply(106, 0, "create", k1+"/free-")
		t.makes(115, 0, "free-0000000001", "3", false, 1)
		t.calls(0, "release", 100, 120, nil, nil, nil)
		t.deletes(205, 1, "free-0000000000")
		t.calls(1, "claim", 200, 210, nil, 3, nil)
		t.deletes(305, 2, "free-0000000001")
		t.calls(2, "claim", 300, 310, nil, 3, nil)
		t.Touches(2)
		t.sees(400, 1)
		return t
	},
	// a claim whose reply was lost keeps an item from all others
	"orphaned-claim": func() *tape {
		t := begun(lines())
		t.makes(110, 0, "item-0000000000", "7", false, 0)
		t.calls(0, "put", 100, 120, 7, nil, nil)
		t.makes(205, 1, "claim-item-0000000000", "", false, 1)
		t.losesReply(206, 1, "create", k1+"/claim-item-0000000000")
		t.calls(1, "pop", 200, 260, nil, nil, nil)
		t.Closes(2)
		t.sees(9405, 2)
		t.calls(2, "pop", 9400, 9410, nil, nil, nil)
		return t
	},
	// a write that does not compare versions
	"overwritten": func() *tape {
		t := begun(numbered())
		t.sets(110, 0, "1", 1)
		t.calls(0, "next", 100, 120, nil, 1, nil)
		t.sets(210, 1, "2", 2)
		t.sets(212, 2, "2", 3)
		t.calls(1, "next", 200, 220, nil, 2, nil)
		t.calls(2, "next", 200, 222, nil, 2, nil)
		return t
	},
	// states that are maps
	"bag": func() *tape {
		t := begun(bags())
		for i, item := range []string{"a", "b", "c", "long", "d", "e"} {
			t.makes(105+20*i, 0, "n-"+item[:1]+string(rune('0'+i)), item, false, int32(i))
			t.calls(0, "put", 100+20*i, 110+20*i, item, nil, nil)
		}
		t.deletes(305, 1, "n-b1")
		t.calls(1, "pop", 300, 310, nil, "b", nil)
		t.calls(2, "pop", 320, 330, nil, "b", nil)
		return t
	},
	// a campaign that was given up left its znode, behind which the same client waits for ever
	"orphan": func() *tape {
		t := begun(elections())
		t.makes(20, 0, "cand-0000000000", "", true, 0)
		t.timesOut(0, "campaign", 10, 33, nil)
		t.makes(110, 1, "cand-0000000001", "", true, 1)
		t.timesOut(1, "campaign", 100, 150, nil)
		t.deletes(160, 1, "cand-0000000001")
		t.makes(9210, 0, "cand-0000000002", "", true, 2)
		t.waits(0, 9200, 40000)
		return t
	},
	// a call whose create was repeated after a lost reply waits behind its own first znode
	"two-places": func() *tape {
		t := begun(elections())
		t.makes(9210, 1, "cand-0000000000", "", true, 0)
		t.losesReply(9211, 1, "create", k1+"/cand-")
		t.makes(9230, 1, "cand-0000000001", "", true, 1)
		t.waits(1, 9200, 40000)
		return t
	},
	// a client that is let in behind another one
	"let-in": func() *tape {
		t := begun(elections())
		t.makes(110, 0, "cand-0000000000", "", true, 0)
		t.calls(0, "campaign", 100, 120, nil, nil, nil)
		t.makes(210, 1, "cand-0000000001", "", true, 1)
		t.calls(1, "campaign", 200, 320, nil, nil, nil)
		t.Touches(1)
		t.sees(390, 0)
		t.deletes(410, 0, "cand-0000000000")
		t.calls(0, "resign", 400, 420, nil, nil, nil)
		return t
	},
	// a take whose reply was lost has the item, and no client knows
	"lost-item": func() *tape {
		t := begun(lines())
		t.makes(110, 0, "item-0000000000", "7", false, 0)
		t.calls(0, "put", 100, 120, 7, nil, nil)
		t.deletes(215, 1, "item-0000000000")
		t.losesReply(216, 1, "delete", k1+"/item-0000000000")
		t.calls(1, "pop", 200, 260, nil, nil, nil)
		t.sees(9405, 2)
		t.calls(2, "pop", 9400, 9410, nil, nil, nil)
		return t
	},
	// the newer item comes out first
	"wrong-order": func() *tape {
		t := begun(lines())
		t.makes(110, 0, "item-0000000000", "1", false, 0)
		t.calls(0, "put", 100, 120, 1, nil, nil)
		t.makes(140, 0, "item-0000000001", "2", false, 1)
		t.calls(0, "put", 130, 150, 2, nil, nil)
		t.deletes(210, 1, "item-0000000001")
		t.calls(1, "pop", 200, 220, nil, 2, nil)
		t.deletes(310, 1, "item-0000000000")
		t.calls(1, "pop", 300, 320, nil, 1, nil)
		return t
	},
	// a hold of two znodes, one of which another client deletes
	"two-znodes": func() *tape {
		t := begun(elections())
		door := func(at, client int) {
			session := history.ID(client + 1)
			t.Txn(history.Txn{Type: "multi", Session: session, Parts: []history.Txn{
				{Type: "create", Path: k1 + "/door", Owner: session, ParentCversion: 1},
				{Type: "create", Path: k1 + "/mark-" + string(rune('0'+client)), Owner: session, ParentCversion: 2},
			}})
			t.sees(at, client)
		}
		door(110, 0)
		t.calls(0, "campaign", 100, 120, nil, nil, nil)
		t.deletes(210, 2, "door")
		t.calls(2, "resign", 200, 220, nil, nil, nil)
		door(310, 1)
		t.calls(1, "campaign", 300, 320, nil, nil, nil)
		t.Touches(1)
		t.sees(390, 0)
		t.calls(0, "resign", 400, 420, nil, nil, nil)
		return t
	},
	// a take that was refused and has overwritten what another one took
	"refused-and-overwrote": func() *tape {
		t := begun(quotas())
		t.sets(110, 0, "5", 1)
		t.calls(0, "take", 100, 120, 5, nil, nil)
		t.sets(205, 1, "7", 2)
		t.sets(215, 1, "0", 3)
		t.calls(1, "take", 200, 220, 4, nil, errFull)
		t.sees(305, 2)
		t.calls(2, "taken", 300, 310, nil, 0, nil)
		return t
	},
	// a give, carried out once more after its call has lost its session, frees what another call took since
	"given-again-late": func() *tape {
		t := begun(quotas())
		t.sets(110, 0, "3", 1)
		t.calls(0, "take", 100, 120, 3, nil, nil)
		t.sets(210, 1, "0", 2)
		t.sets(240, 0, "3", 3)
		t.calls(0, "take", 230, 250, 3, nil, nil)
		t.sets(260, 1, "0", 4)
		t.calls(1, "give", 200, 270, 3, nil, nil)
		t.sees(305, 2)
		t.calls(2, "taken", 300, 310, nil, 0, nil)
		return t
	},
	// the version is that of a znode that was deleted and created again since the call read it
	"made-again": func() *tape {
		t := begun(elections())
		t.makes(110, 0, "door", "", false, 0)
		t.calls(0, "campaign", 100, 120, nil, nil, nil)
		t.deletes(310, 0, "door")
		t.calls(0, "resign", 300, 320, nil, nil, nil)
		t.makes(340, 1, "door", "", false, 1)
		t.calls(1, "campaign", 330, 350, nil, nil, nil)
		t.deletes(360, 2, "door")
		t.calls(2, "resign", 290, 370, nil, nil, nil)
		t.makes(390, 0, "door", "", false, 2)
		t.calls(0, "campaign", 380, 400, nil, nil, nil)
		t.Touches(2)
		t.sees(490, 1)
		return t
	},
	// the same, by a call that began when the new znode was there: it knew no former version
	"deleted-as-seen": func() *tape {
		t := begun(elections())
		t.makes(110, 0, "door", "", false, 0)
		t.calls(0, "campaign", 100, 120, nil, nil, nil)
		t.deletes(310, 0, "door")
		t.calls(0, "resign", 300, 320, nil, nil, nil)
		t.makes(340, 1, "door", "", false, 1)
		t.calls(1, "campaign", 330, 350, nil, nil, nil)
		t.deletes(360, 2, "door")
		t.calls(2, "resign", 355, 370, nil, nil, nil)
		t.makes(390, 0, "door", "", false, 2)
		t.calls(0, "campaign", 380, 400, nil, nil, nil)
		t.Touches(2)
		t.sees(490, 1)
		return t
	},
	// a call begins at the moment at which the call before it ends, which has seen what it committed
	"at-the-same-moment": func() *tape {
		t := begun(quotas())
		t.sets(110, 0, "3", 1)
		t.calls(0, "take", 100, 120, 3, nil, nil)
		t.sets(210, 1, "8", 2)
		t.Add(200, history.Event{Client: 1, Process: 1, Type: history.Invoke, F: "take", Key: "k1", Session: 2, Value: history.Value(3)})
		t.Add(210, history.Event{Client: 1, Process: 1, Type: history.OK, F: "take", Key: "k1", Session: 2, Seen: t.Zxid})
		t.calls(1, "taken", 210, 220, nil, 8, nil)
		return t
	},
	// the same in a session of the object's own
	"at-the-same-moment-in-its-own-session": func() *tape {
		t := begun(quotas())
		t.Opens(7)
		t.Add(3, history.Event{Process: history.SessionProcess, Client: 1, Type: history.Info, F: history.FConnected, Session: 7})
		t.sets(110, 0, "3", 1)
		t.calls(0, "take", 100, 120, 3, nil, nil)
		t.Txn(history.Txn{Type: "setData", Path: k1, Session: 7, Data: []byte("8"), Version: 2})
		t.Add(200, history.Event{Client: 1, Process: 1, Type: history.Invoke, F: "take", Key: "k1", Session: 2, Value: history.Value(3)})
		t.Add(210, history.Event{
			Client: 1, Process: 1, Type: history.OK, F: "take", Key: "k1", Session: 2,
			Used: []history.Use{{Session: 7, Alive: 205 * checktest.Unit, Seen: t.Zxid}},
		})
		t.calls(1, "taken", 210, 220, nil, 8, nil)
		return t
	},
	// what should go with a session is not ephemeral
	"not-ephemeral": func() *tape {
		t := begun(rooms())
		t.makes(110, 0, "user-0", "", false, 0)
		t.calls(0, "arrive", 100, 120, nil, nil, nil)
		t.ends(200, 0)
		t.sees(305, 1)
		t.calls(1, "online", 300, 310, nil, []int{0}, nil)
		return t
	},
	// the same answer, where the znode went with its session: the read is old
	"old-presence": func() *tape {
		t := begun(rooms())
		t.makes(110, 0, "user-0", "", true, 0)
		t.calls(0, "arrive", 100, 120, nil, nil, nil)
		t.ends(200, 0)
		t.sees(305, 1)
		t.calls(1, "online", 300, 310, nil, []int{0}, nil)
		return t
	},
	// a pop whose delete was carried out goes on to the next item: only the log shows the loss
	"gone-on": func() *tape {
		t := begun(lines())
		t.makes(110, 0, "item-0000000000", "8", false, 0)
		t.calls(0, "put", 100, 120, 8, nil, nil)
		t.makes(140, 0, "item-0000000001", "7", false, 1)
		t.calls(0, "put", 130, 150, 7, nil, nil)
		t.deletes(215, 1, "item-0000000001")
		t.losesReply(216, 1, "delete", k1+"/item-0000000001")
		t.Txn(history.Txn{Type: "delete", Path: k1 + "/item-0000000001", Session: 2, Error: -101})
		t.deletes(250, 1, "item-0000000000")
		t.calls(1, "pop", 200, 260, nil, 8, nil)
		t.sees(305, 2)
		return t
	},
	// many changes between those of the counterexample: the story counts what it leaves out
	"many-between": func() *tape {
		t := begun(quotas())
		t.sets(110, 0, "3", 1)
		t.calls(0, "take", 100, 120, 3, nil, nil)
		for i := range 20 {
			t.sets(210+2*i, 1, []string{"2", "1"}[i%2], int32(2+i))
		}
		t.calls(1, "give", 200, 260, 1, nil, nil)
		t.sees(305, 2)
		t.calls(2, "taken", 300, 310, nil, 1, nil)
		return t
	},
}

// waits adds that a client campaigns, is connected all the time, and is not elected.
func (t *tape) waits(client, from, to int) {
	for at := from + 500; at < to; at += 500 {
		t.Touches(history.ID(client + 1))
		t.sees(at, client)
	}
	t.timesOut(client, "campaign", from, to, nil)
}

// TestOwnStories checks the whole story of each violation of a user's own object, as
// zklab check prints it.
func TestOwnStories(t *testing.T) {
	for name, write := range stories {
		t.Run(name, func(t *testing.T) {
			r := write()
			h := r.Build()
			report := checker.Run(t.Context(), h, checker.Options{Transactions: r.Txns})
			var text strings.Builder
			for _, v := range report.Verdicts {
				if v.Result == checker.Violation {
					text.WriteString(onerun.Counterexample(h, v, onerun.Screen{Full: true}))
				}
			}
			got := text.String()
			if got == "" || strings.Contains(got, "%!") {
				t.Fatalf("%s%+v", got, report.Verdicts)
			}
			file := filepath.Join("testdata", "ownstories", name+".txt")
			if *updateStories {
				must.Do(t, os.WriteFile(file, []byte(got), 0o666))
			}
			want := must.Get(os.ReadFile(file))(t)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got; go test -update-stories writes the files anew:\n%s", diff)
			}
		})
	}
}
