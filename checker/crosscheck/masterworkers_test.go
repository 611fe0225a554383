package crosscheck

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// A master-worker is a job queue, with properties that the transactions show.

// The folders of the candidates and of the assignments of a master-worker k.
const (
	candidates = "/run/k/master"
	assigned   = "/run/k/taken"
)

// standing holds the sessions that stand for master, by znode.
type standing map[string]history.ID

// master returns the session in front; 0 if none stands.
func (s standing) master() history.ID {
	var first string
	for path := range s {
		if first == "" || path < first { // all numbers have ten digits
			first = path
		}
	}
	return s[first]
}

// apply applies a transaction, or a part of one, to the candidates.
func (s standing) apply(t history.Txn) {
	parts := t.Parts
	if t.Type != "multi" {
		parts = []history.Txn{t}
	}
	for _, p := range parts {
		switch {
		case p.Type == "create" && strings.HasPrefix(p.Path, candidates+"/"):
			s[p.Path] = p.Owner
		case p.Type == "delete":
			delete(s, p.Path)
		case p.Type == "closeSession":
			for path, owner := range s {
				if owner == t.Session {
					delete(s, path)
				}
			}
		}
	}
}

func assigns(t history.Txn) bool {
	return slices.ContainsFunc(append(t.Parts, t), func(p history.Txn) bool {
		return p.Type == "create" && strings.HasPrefix(p.Path, assigned+"/")
	})
}

// clientOf returns the client of a session, according to the record; -1 if the record
// does not say.
func (h record) clientOf(session history.ID) int {
	for _, f := range h.facts {
		if f.f == history.FConnected && f.session == int64(session) {
			return f.client
		}
	}
	for _, o := range h.ops {
		if o.with.session == int64(session) || o.with.owner == int64(session) {
			return o.client
		}
	}
	return -1
}

// planAnswers replays the transactions. After a hole in them, it is not known which other
// sessions stand.
func planAnswers(h record) answers {
	all := answers{"stale-plan": valid}
	if !h.stood() {
		return answers{} // a client that stands for master may do so elsewhere
	}
	who, last := standing{}, history.ID(0)
	for i, t := range h.log {
		hole := i > 0 && t.Zxid != last+1
		if last = t.Zxid; hole {
			all.worst("stale-plan", unknown)
			return all
		}
		before := who.master()
		who.apply(t)
		if assigns(t) {
			all.worst("stale-plan", h.planned(t.Session, before, who.master()))
		}
	}
	return all
}

// stood reports whether any client stands for master, in the transactions.
func (h record) stood() bool {
	return slices.ContainsFunc(h.log, func(t history.Txn) bool {
		return strings.HasPrefix(t.Path, candidates+"/") && t.Type == "create" && h.clientOf(t.Owner) >= 0
	})
}

// planned tells whether the client that assigned was the master before its transaction,
// or after it.
func (h record) planned(by, before, behind history.ID) string {
	client := h.clientOf(by)
	if client < 0 {
		return unknown
	}
	for _, master := range []history.ID{before, behind} {
		if master != 0 && h.clientOf(master) < 0 {
			return unknown
		}
	}
	is := func(master history.ID) bool { return master != 0 && h.clientOf(master) == client }
	return verdict(!is(before) && !is(behind))
}

// planning is a log under construction, of clients that stand for master and assign
// tasks.
type planning struct {
	*record
	r       *rand.Rand
	zxid    history.ID
	session []history.ID // of each client
	open    map[history.ID]int
	stands  standing
	counter int32
	tasks   int
}

// ownPlans generates masters that follow each other, and that assign tasks mostly while
// they are master.
func ownPlans(r *rand.Rand) record {
	h := record{model: models.MasterWorker.Name, order: r.Uint64(), tries: 3}
	p := &planning{record: &h, r: r, zxid: 1 << 32, open: map[history.ID]int{}, stands: standing{}}
	for c := range 3 {
		p.session = append(p.session, 0)
		p.connect(c)
	}
	for _, folder := range []string{candidates, assigned} {
		p.do(history.Txn{Type: "create", Session: p.session[0], Path: folder})
	}
	for range 3 + r.IntN(12) {
		p.one()
	}
	p.do(history.Txn{Type: "setData", Session: p.session[0], Path: "/run/k", Version: 1})
	p.tell()
	return h
}

func (p *planning) do(t history.Txn) {
	if p.zxid++; len(p.log) > 5 && chance(p.r, 150) {
		p.zxid++ // a hole
	}
	t.Zxid = p.zxid
	p.stands.apply(t)
	p.log = append(p.log, t)
}

// connect gives a client its next session. Its last one may end before, later, or never.
func (p *planning) connect(c int) {
	p.session[c] = max(p.session[c]+0x10, history.ID(0x10+c))
	p.do(history.Txn{Type: "createSession", Session: p.session[c]})
	p.open[p.session[c]] = c
	p.facts = append(p.facts, fact{
		at: int64(len(p.log)), of: history.SessionProcess, client: c, session: int64(p.session[c]),
		f: history.FConnected, value: history.Connected{Server: "a", Timeout: 4e9}, seen: int64(p.zxid),
	})
}

func (p *planning) one() {
	c := p.r.IntN(3)
	switch p.r.IntN(9) {
	case 0, 1:
		p.stand(p.session[c])
	case 2:
		p.resign("")
	case 3:
		p.end(c)
	case 4:
		p.connect(c)
	case 5:
		p.assign(p.session[c])
	case 6:
		if chance(p.r, 4) {
			p.stand(history.ID(0x4711)) // a session that the record does not know
		} else {
			p.resign(p.task())
		}
	default:
		if master := p.stands.master(); master != 0 {
			p.assign(pick(p.r, master, master, master, p.session[max(0, p.clientOf(master))]))
		}
	}
}

func (p *planning) stand(s history.ID) {
	number := p.counter
	p.counter++
	p.do(history.Txn{
		Type: "create", Session: s, Owner: s, Path: fmt.Sprintf("%s/c-%010d", candidates, number), ParentCversion: p.counter,
	})
}

// resign takes back a candidate, perhaps with an assignment in one transaction.
func (p *planning) resign(task string) {
	var paths []string
	for path := range p.stands {
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		return
	}
	slices.Sort(paths)
	path := pick(p.r, paths...)
	p.counter++
	gone := history.Txn{Type: "delete", Session: p.stands[path], Path: path}
	if task != "" {
		gone = history.Txn{Type: "multi", Session: gone.Session, Parts: []history.Txn{{Type: "delete", Path: path}, {Type: "create", Path: task}}}
	}
	p.do(gone)
}

// end ends the oldest open session of a client, which need not be the one that it uses.
func (p *planning) end(c int) {
	for s := history.ID(0x10 + c); s <= p.session[c]; s += 0x10 {
		if _, is := p.open[s]; !is {
			continue
		}
		delete(p.open, s)
		t := history.Txn{Type: "closeSession", Session: s}
		for path, owner := range p.stands {
			if owner == s {
				t.Paths = append(t.Paths, path)
				p.counter++
			}
		}
		slices.Sort(t.Paths)
		p.do(t)
		if s == p.session[c] {
			p.connect(c)
		}
		return
	}
}

func (p *planning) task() string {
	p.tasks++
	return fmt.Sprintf("%s/t%d-1", assigned, p.tasks)
}

func (p *planning) assign(s history.ID) {
	p.do(history.Txn{Type: "create", Session: s, Path: p.task()})
}

// tell records that tasks were put and taken, and what all clients had seen in the end.
func (p *planning) tell() {
	at := int64(len(p.log) + 1)
	for n := range p.tasks {
		item := fmt.Sprint("t", n+1)
		p.ops = append(p.ops,
			op{f: models.FEnqueue, arg: asJSON(models.Item{Item: item}), inv: 1, ret: 1, out: ok},
			op{f: models.FTake, inv: 1, ret: at, out: ok, res: asJSON(models.Attempt{Item: item, Attempt: 1})})
		at++
	}
	for c := range p.session {
		p.ops = append(p.ops, op{client: c, f: models.FTake, inv: at, ret: at + 1, out: fail})
	}
	p.inOrder()
	for i := range p.ops {
		o := &p.ops[i]
		o.key = "k"
		s := int64(p.session[o.client])
		o.with = evidence{session: s, owner: s}
		if o.ret > int64(len(p.log)) {
			o.with.seen[1], o.with.alive[1] = int64(p.zxid), int64(len(p.log))
		}
	}
	p.place(1e6, 0)
}

// reassign has the same answer as a job queue's progress.
func reassign(h record) answers { return answers{"reassign": progressAnswers(h)["progress"]} }

func TestOwnMasterWorkers(t *testing.T) {
	tasks := func(r *rand.Rand) record { return jobsOfModel(r, models.MasterWorker.Name) }
	slow := func(r *rand.Rand) record { return slowJobsOf(r, models.MasterWorker.Name) }
	own{name: "master-worker", generate: tasks, ours: jobAnswers, agree: exact}.compare(t)
	givesUpInTime(t, "reassign", slow, reassign)
	own{name: "stale-plan", generate: ownPlans, ours: planAnswers, agree: exact}.compare(t)
}
