package transactions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// irrevocable requires that an outcome stands: no client is told another outcome later, and the log
// shows no other.
var irrevocable = &frame.Property{
	Name:    "irrevocable",
	NoModel: frame.Given,
	Meaning: "no client learned a different outcome later, and no decision was deleted or replaced",
	Decider: "comparison over time",
	Evidence: func(a *evidence.Record) string {
		if outcomesOf(a).Trusted() {
			return "R, L"
		}
		return "R"
	},
	Decide: onTransaction(func(f *frame.Finding, t *transaction) {
		last := map[int]*outcomeQuery{}
		for _, q := range t.told {
			if was := last[q.op.Client]; was != nil && was.commit != q.commit {
				f.Violated(append(was.events(), q.events()...), "%s, and %s at %s", t.says(was), models.Decision{Commit: q.commit}, words.At(q.ret()))
				return
			}
			last[q.op.Client] = q
		}
		decideByLog(f, t)
	}),
	Exercise: frame.Wants("told_again", 1, "outcomes that were asked for after a client had seen one"),
}

// decision is a value of the znode with the outcome, or the znode's deletion.
type decision struct {
	commit bool // for a deletion: what it had been
	gone   bool
	zxid   uint64
}

func (d decision) same(other decision) bool { return d.commit == other.commit && d.gone == other.gone }

func (d decision) String() string {
	if d.gone {
		return "deleted at " + words.Zxid(d.zxid)
	}
	return fmt.Sprintf("as %s at %s", models.Decision{Commit: d.commit}, words.Zxid(d.zxid))
}

// outcomes holds the znodes with the outcomes of transactions in the transaction log. The
// outcome of a transaction is the child "outcome" of the znode that has the key as its name;
// its data is commit or abort.
type outcomes struct {
	evidence.Layout
	of    map[string][]decision   // by key; each differs from the one before
	owned map[history.ID][]string // by session: the keys whose outcome is an ephemeral znode of that session
}

// outcomesOf returns the outcomes of a record; none without a log.
var outcomesOf = evidence.Once(func(a *evidence.Record) *outcomes {
	o := &outcomes{of: map[string][]decision{}, owned: map[history.ID][]string{}}
	if a.Log == nil {
		return o
	}
	for i := range a.Transactions {
		t := &a.Transactions[i]
		if t.Refused() {
			continue
		}
		o.take(t, uint64(t.Zxid))
		if t.Type == "closeSession" {
			o.close(t.Session, uint64(t.Zxid))
		}
		for j := range t.Parts {
			o.take(&t.Parts[j], uint64(t.Zxid))
		}
	}
	for _, k := range a.Keys {
		for _, q := range transactionOf(k).told {
			switch has, whole := o.has(k, q); {
			case has:
				o.Found++
			case whole:
				o.Missing++
			}
		}
	}
	return o
})

// take adds what a transaction of the log does.
func (o *outcomes) take(t *history.Txn, zxid uint64) {
	folder, ok := strings.CutSuffix(t.Path, "/outcome")
	if !ok {
		return
	}
	key := folder[strings.LastIndexByte(folder, '/')+1:]
	switch t.Type {
	case "create", "create2", "setData":
		commit := string(t.Data) == "commit"
		if !commit && string(t.Data) != "abort" {
			return
		}
		o.add(key, decision{commit: commit, zxid: zxid})
		if t.Owner != 0 {
			o.owned[t.Owner] = append(o.owned[t.Owner], key)
		}
	case "delete":
		o.remove(key, zxid)
		for of, keys := range o.owned {
			o.owned[of] = slices.DeleteFunc(keys, func(k string) bool { return k == key })
		}
	}
}

func (o *outcomes) add(key string, d decision) {
	if all := o.of[key]; len(all) == 0 || !all[len(all)-1].same(d) {
		o.of[key] = append(all, d)
	}
}

// remove records that the znode with the outcome was deleted, if there was one.
func (o *outcomes) remove(key string, zxid uint64) {
	if all := o.of[key]; len(all) > 0 {
		o.add(key, decision{commit: all[len(all)-1].commit, gone: true, zxid: zxid})
	}
}

// close records the end of a session, which deletes its ephemeral znodes.
func (o *outcomes) close(session history.ID, zxid uint64) {
	for _, key := range o.owned[session] {
		o.remove(key, zxid)
	}
	delete(o.owned, session)
}

// has reports whether the outcome that a client was told had been decided by then, and whether the log
// is complete up to then.
func (o *outcomes) has(k *evidence.Key, q *outcomeQuery) (has, whole bool) {
	high, _, ok := k.Zxids.Ceil(q.ret())
	if !ok {
		high = k.Log.Last()
	}
	for _, d := range o.of[k.Name] {
		has = has || !d.gone && d.commit == q.commit && d.zxid <= high
	}
	return has, ok && k.FromBeginning(high)
}

// decideByLog looks for a decision that did not stand. If a fault deleted znodes, a missing znode
// proves nothing about the subject.
func decideByLog(f *frame.Finding, t *transaction) {
	o := outcomesOf(t.Record)
	all := o.of[t.Name]
	if !o.Trusted() || len(all) == 0 || len(t.told) == 0 {
		return
	}
	deletes := false
	for _, x := range t.Faults.All {
		deletes = deletes || x.Traits.Deletes
	}
	for _, d := range all[1:] {
		if d.commit != all[0].commit || d.gone && !deletes {
			f.ByLog = true
			f.Violated(t.told[0].events(), "in the transaction log %s is decided %s, and %s", t.Name, all[0], d)
			return
		}
	}
}

// inLog checks that each outcome that a client was told had been decided.
func inLog(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	o := outcomesOf(k.Record)
	t := transactionOf(k)
	for _, q := range t.told {
		if ctx.Err() != nil {
			return
		}
		has, whole := o.has(k, q)
		if has || whole {
			f.Count("compared", 1)
		}
		if whole && !has {
			f.Violated(q.events(), "%s, but the transaction log has no such decision by then", t.says(q))
		}
	}
}
