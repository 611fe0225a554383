package checktest

import (
	"fmt"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Config begins the record of a configuration k, as zklab writes it.
func Config() *Record {
	return Ours(models.Config.Name, history.Params{Clients: 3}).Phases(0, 1000, 1100)
}

// Sets adds a set of a value, or, if that is "", a delete.
func (r *Record) Sets(client, inv, ret int, value string, outcome history.Type) *Record {
	return r.Op(setting(client, inv, ret, value, outcome))
}

func setting(client, inv, ret int, value string, outcome history.Type) Args {
	o := Args{Client: client, F: models.FDelete, Key: "k", Inv: inv, Ret: ret, Outcome: outcome, Session: history.ID(client + 1)}
	if value != "" {
		o.F, o.In = models.FSet, models.Setting{Value: value}
	}
	if outcome == history.Info {
		o.code = "connection-loss"
	}
	return o
}

// Observes adds an observation: a client was shown a value or, if value is "", that there is
// none.
func (r *Record) Observes(client, inv, ret int, value string) *Record {
	return r.ToldIn(client, inv, ret, value, history.ID(client+1))
}

// ToldKnowing is like Told, for a session that had seen a zxid when it asked.
func (r *Record) ToldKnowing(client, inv, ret int, value string, seen history.ID) *Record {
	return r.Op(Args{
		Client: client, F: models.FObserve, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, sawThen: seen,
		Out: models.Setting{Value: value, Absent: value == ""}, Session: history.ID(client + 1),
	})
}

// ToldIn adds an observation of a client that had last connected in a session: it was shown a value
// or, if value is "", that there is none.
func (r *Record) ToldIn(client, inv, ret int, value string, in history.ID) *Record {
	return r.Op(Args{
		Client: client, F: models.FObserve, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK,
		Out: models.Setting{Value: value, Absent: value == ""}, Session: in,
	})
}

// GivesUpKnowing adds a call of a watcher that was given up, of a session that had seen a zxid.
func (r *Record) GivesUpKnowing(client, inv, ret int, in, seen history.ID) *Record {
	return r.Op(Args{Client: client, F: models.FObserve, Key: "k", Inv: inv, Ret: ret, Outcome: history.Fail, sawThen: seen, Session: in})
}

// Writes adds to the log a set of k.
func (r *Record) Writes(s history.ID, value string) *Record {
	return r.Txn(history.Txn{Type: "setData", Session: s, Path: "/run/k", Data: []byte(value)})
}

// Finally adds the value that exists at the end; "" for none.
func (r *Record) Finally(t int, value string) *Record {
	var v models.Final
	if value != "" {
		v.Register = &models.Reading{Value: value}
	}
	return r.KeyFact(t, history.FFinal, "k", v)
}

// Configures adds to the log what a set or a delete does.
func (r *Record) Configures(s history.ID, path string, invoke history.Event) *Record {
	var v models.Setting
	if invoke.F == models.FDelete {
		return r.Txn(history.Txn{Type: "delete", Session: s, Path: path})
	}
	_ = invoke.Decode(&v)
	return r.Txn(history.Txn{Type: "setData", Session: s, Path: path, Data: []byte(v.Value)})
}

var (
	_ = goesWell(models.Config.Name, goodConfig)
	_ = committing(models.Config.Name, func(r *Record, done, asked *history.Event) {
		if done.F == models.FSet || done.F == models.FDelete {
			r.Configures(done.Session, "/run/"+done.Key, *asked)
		}
	})
)

// goodConfig has one client create and change a configuration, and two clients watch
// it.
func goodConfig(r *Record, n int) int {
	t, value := 10, ""
	for i := range n {
		value = fmt.Sprintf("v%d", i)
		r.Observes(1, t, t+1, "")
		r.Sets(0, t+2, t+4, value, history.OK)
		r.Observes(1, t+3, t+5, value).Observes(2, t+3, t+6, value)
		if i < n-1 {
			r.Sets(0, t+8, t+10, "", history.OK)
		}
		t += 20
	}
	r.Finally(t+100, value)
	return t + 90
}

// GenerateConfig has client 0 change a configuration, and two others watch it, on servers
// that lag. Unless all outcomes are known, some changes take effect late or never.
func GenerateConfig(rng *rand.Rand, how Kind, known bool) *history.History {
	w := NewWorld(rng, Ours(models.Config.Name, history.Params{Clients: 3}), 3)
	type made struct {
		value string
		at    int
	}
	was := []made{{"", -1}}
	t := 1
	for i := range 3 + rng.IntN(4) {
		value := fmt.Sprintf("v%d", i)
		if rng.IntN(3) == 0 {
			value = ""
		}
		inv := t + w.UpTo(3)
		at := inv + w.UpTo(3)
		o := setting(0, inv, at+w.UpTo(3), value, history.OK)
		happens := true
		if !known && value != "" && rng.IntN(4) == 0 {
			o.Outcome, o.code = history.Info, "connection-loss"
			happens = rng.IntN(2) == 0
		}
		w.Op(o)
		if happens {
			was = append(was, made{value, at})
		}
		t = o.Ret + 1
	}
	for c := 1; c < 3; c++ {
		at, now := 0, 1+w.UpTo(4)
		var told []int
		for range 2 + rng.IntN(4) {
			for at+1 < len(was) && rng.IntN(2) == 0 {
				at++
			}
			told = append(told, at)
		}
		if i, j := rng.IntN(len(told)), rng.IntN(len(told)); how == mutated {
			told[i], told[j] = told[j], told[i]
		}
		for _, at := range told {
			if how == random {
				at = rng.IntN(len(was))
			}
			inv := now + w.UpTo(3)
			ret := max(inv, was[at].at) + w.UpTo(3)
			w.Observes(c, inv, ret, was[at].value)
			now = ret + 1
		}
	}
	return w.Build()
}
