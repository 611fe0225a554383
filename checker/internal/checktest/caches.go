package checktest

import (
	"fmt"
	"maps"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Cache begins the record of a cached subtree k, as zklab writes it.
func Cache() *Record {
	return Ours(models.Cache.Name, history.Params{Clients: 3}).Phases(0, 1000, 1100)
}

// Puts adds a put of a value into a znode, or, if that is "", a remove.
func (r *Record) Puts(client, inv, ret int, node, value string, outcome history.Type) *Record {
	return r.Op(putting(client, inv, ret, node, value, outcome))
}

func putting(client, inv, ret int, node, value string, outcome history.Type) Args {
	o := Args{
		Client: client, F: models.FPut, Key: "k", Inv: inv, Ret: ret, Outcome: outcome, Session: history.ID(client + 1),
		In: models.CachedNode{Node: node, Value: value},
	}
	if value == "" {
		o.F = models.FRemove
	}
	if outcome == history.Info {
		o.code = "connection-loss"
	}
	return o
}

// Looks adds that a client was shown znodes and their values, one after the other.
func (r *Record) Looks(client, inv, ret int, current bool, shown ...string) *Record {
	nodes := map[string]string{}
	for i := 0; i < len(shown); i += 2 {
		nodes[shown[i]] = shown[i+1]
	}
	return r.looks(client, inv, ret, current, nodes)
}

func (r *Record) looks(client, inv, ret int, current bool, nodes map[string]string) *Record {
	return r.Op(Args{
		Client: client, F: models.FLook, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK,
		In: models.Looking{Current: current}, Out: models.Copy{Nodes: nodes}, Session: history.ID(client + 1),
	})
}

// Remains adds the znodes that exist at the end.
func (r *Record) Remains(t int, shown ...string) *Record {
	nodes := map[string]string{}
	for i := 0; i < len(shown); i += 2 {
		nodes[shown[i]] = shown[i+1]
	}
	return r.KeyFact(t, history.FFinal, "k", models.Copy{Nodes: nodes})
}

// Alters adds to the log what a put or a remove does.
func (r *Record) Alters(s history.ID, root string, invoke history.Event) *Record {
	var v models.CachedNode
	_ = invoke.Decode(&v)
	path := root
	if v.Node != models.CacheRoot {
		path += "/" + v.Node
	}
	if invoke.F == models.FRemove {
		return r.Txn(history.Txn{Type: "delete", Session: s, Path: path})
	}
	return r.Txn(history.Txn{Type: "setData", Session: s, Path: path, Data: []byte(v.Value)})
}

var (
	_ = goesWell(models.Cache.Name, goodCache)
	_ = committing(models.Cache.Name, func(r *Record, done, asked *history.Event) {
		if done.F == models.FPut || done.F == models.FRemove {
			r.Alters(done.Session, "/run/"+done.Key, *asked)
		}
	})
)

// goodCache has one client create and change a subtree, and two clients keep copies of
// it.
func goodCache(r *Record, n int) int {
	t := 10
	r.Puts(0, 1, 2, ".", "root", history.OK)
	value := ""
	for i := range n {
		value = fmt.Sprintf("v%d", i)
		r.Looks(1, t, t+1, false, ".", "root")
		r.Puts(0, t+2, t+4, "a", value, history.OK)
		r.Looks(1, t+5, t+6, true, ".", "root", "a", value).Looks(2, t+3, t+6, false, ".", "root", "a", value)
		if i < n-1 {
			r.Puts(0, t+8, t+10, "a", "", history.OK)
		}
		t += 20
	}
	r.Looks(1, t, t+1, false, ".", "root", "a", value).Looks(2, t, t+1, false, ".", "root", "a", value)
	r.Remains(t+100, ".", "root", "a", value)
	return t + 90
}

// GenerateCache makes a history in which client 0 changes a subtree, and two others look at copies
// of it that lag, each znode independently. Unless known is true, some changes take effect late or
// never, and some copies are current.
func GenerateCache(rng *rand.Rand, how Kind, known bool) *history.History {
	w := NewWorld(rng, Ours(models.Cache.Name, history.Params{Clients: 3}), 3)
	type made struct {
		value string
		at    int
	}
	nodes := []string{".", "a"}
	was := map[string][]made{".": {{"", -1}}, "a": {{"", -1}}}
	t := 1
	for i := range 4 + rng.IntN(5) {
		node, value := nodes[rng.IntN(2)], fmt.Sprintf("v%d", i)
		if rng.IntN(3) == 0 {
			value = ""
		}
		inv := t + w.UpTo(3)
		at := inv + w.UpTo(3)
		o := putting(0, inv, at+w.UpTo(3), node, value, history.OK)
		happens := true
		if !known && value != "" && rng.IntN(4) == 0 {
			o.Outcome, o.code = history.Info, "connection-loss"
			happens = rng.IntN(2) == 0
		}
		w.Op(o)
		if happens {
			was[node] = append(was[node], made{value, at})
		}
		t = o.Ret + 1
	}
	for c := 1; c < 3; c++ {
		at, now := map[string]int{}, 1+w.UpTo(4)
		for range 2 + rng.IntN(4) {
			current := !known && rng.IntN(3) == 0
			inv := now + w.UpTo(3)
			ret, shown := inv, map[string]string{}
			for _, node := range nodes {
				all := was[node]
				for i := at[node] + 1; i < len(all) && (rng.IntN(2) == 0 || current && all[i].at <= inv); i++ {
					at[node] = i
				}
				i := at[node]
				switch {
				case how == random:
					i = rng.IntN(len(all))
				case how == mutated && rng.IntN(6) == 0:
					i = max(i-1, 0)
				}
				ret = max(ret, all[i].at)
				shown[node] = all[i].value
			}
			maps.DeleteFunc(shown, func(_, value string) bool { return value == "" })
			ret += w.UpTo(3)
			w.looks(c, inv, ret, current, shown)
			now = ret + 1
		}
	}
	return w.Build()
}
