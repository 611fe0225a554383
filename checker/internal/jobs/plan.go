package jobs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// stalePlan requires that the client that assigned a task was the master at that moment, not only when
// it sent the request.
//
// The log shows the moment of each assignment, the session that asked for it, and the candidates at
// that time. A request that waits while a client has no connection is carried out in its next session,
// so the client counts, and not the session.
var stalePlan = &frame.Property{
	Name:     "stale-plan",
	Meaning:  "only the current master assigned tasks",
	Logged:   true,
	Decider:  "masters in the transaction log",
	Evidence: func(*evidence.Record) string { return "L" },
	Applies:  func(a *evidence.Record) bool { return plansOf(a).complete() },
	Decide:   onQueue(decidePlans),
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		if missing := frame.Few(figures["assignments"], 10, "assignments that could be compared with the log"); missing != "" {
			return missing
		}
		if a.ExpectsDeaths() || a.ExpectsExpiries() {
			return frame.Few(figures["successors"], 1, "masters that followed another one")
		}
		return ""
	},
}

// plans are the znodes of candidates, and of assignments, by key.
type plans struct{ candidates, assigned map[string][]*evidence.Znode }

// complete reports whether znodes of both kinds exist, so that the subject has the
// layout that is read here.
func (p *plans) complete() bool { return len(p.candidates) > 0 && len(p.assigned) > 0 }

// The folders of candidates and assignments, below the znode that has the key as its name.
const (
	candidates = "master"
	assigned   = "taken"
)

var plansOf = evidence.Once(func(a *evidence.Record) *plans {
	if a.Log == nil {
		return &plans{}
	}
	in := func(folder string) map[string][]*evidence.Znode {
		return a.Log.Group(func(n *evidence.Znode) (string, bool) {
			key, ok := strings.CutSuffix(n.Parent(), "/"+folder)
			whose := n.Maker
			if folder == candidates {
				whose = n.Owner
				ok = ok && n.Sequential()
			}
			s := a.Session(whose)
			return key[strings.LastIndexByte(key, '/')+1:], ok && s != nil && s.Client >= 0
		})
	}
	return &plans{candidates: in(candidates), assigned: in(assigned)}
})

func decidePlans(f *frame.Finding, q *queue) {
	p := plansOf(q.Record)
	line, masters := p.candidates[q.Name], map[history.ID]bool{}
	for _, n := range p.assigned[q.Name] {
		began, known := beginning(q.Record, n)
		if !known {
			f.Count("assignments_unknown", 1)
			continue
		}
		f.Count("assignments", 1)
		by := q.Session(n.Maker)
		master := masterAt(q.Record, standing(line, began), n, by.Client)
		if master == nil {
			f.Violated(q.planned(n, by.First), "%s, when no client was", assigns(q, n, by.Client))
			return
		}
		if !masters[master.Owner] && len(masters) > 0 {
			f.Count("successors", 1)
		}
		masters[master.Owner] = true
		if of := q.Session(master.Owner); of.Client != by.Client {
			f.Violated(q.planned(n, by.First, of.First), "%s, when client %d was: its %s was at the front from %s on%s",
				assigns(q, n, by.Client), of.Client, master.Name(), words.Zxid(master.Created), master.Until())
			return
		}
	}
}

// planned returns the events that show whose sessions they were. If none of them belongs to the
// key, it adds a take that may have returned the assignment.
func (q *queue) planned(n *evidence.Znode, sessions ...int) []int {
	for _, op := range q.Ops() {
		if slices.Contains(sessions, op.Invoke.Index) {
			return sessions
		}
	}
	for _, j := range q.jobs {
		for _, t := range j.tried {
			if low, high, ok := q.Window(t.take); ok && low < n.Created && n.Created <= high {
				return append(evidence.EventsOf(t.take), sessions...)
			}
		}
	}
	return append(evidence.EventsOf(q.Ops()[0]), sessions...)
}

func assigns(q *queue, n *evidence.Znode, client int) string {
	return fmt.Sprintf("in the transaction log client %d assigned %s of %s at %s as if it were the master", client, n.Name(), q.Name, words.Zxid(n.Created))
}

// masterAt returns the first candidate in line when an assignment was made, or nil if there was none.
// The assigning transaction may itself have created or deleted candidates; then masterAt chooses
// between the first one before and the first one after by which of them belongs to the client that
// assigned.
func masterAt(a *evidence.Record, line []*evidence.Znode, n *evidence.Znode, by int) *evidence.Znode {
	before := front(line, func(c *evidence.Znode) bool { return c.Created < n.Created && c.Deleted >= n.Created })
	after := front(line, func(c *evidence.Znode) bool { return c.Created <= n.Created && c.Deleted > n.Created })
	if before == nil || after != nil && a.Session(after.Owner).Client == by {
		return after
	}
	return before
}

// front returns the first in line of the candidates for which stands returns true.
func front(line []*evidence.Znode, stands func(*evidence.Znode) bool) (first *evidence.Znode) {
	for _, c := range line {
		if stands(c) && (first == nil || c.Number-first.Number < 0) {
			first = c
		}
	}
	return first
}

// standing lists the candidates that can stand in a folder that was created at a zxid.
func standing(line []*evidence.Znode, began uint64) []*evidence.Znode {
	for len(line) > 0 && line[0].Created < began {
		line = line[1:]
	}
	return line
}

// beginning returns when the folder of candidates that existed when an assignment was made had been
// created. known is false if the log may lack a candidate since then.
func beginning(a *evidence.Record, n *evidence.Znode) (began uint64, known bool) {
	key := strings.TrimSuffix(n.Parent(), "/"+assigned)
	for _, folder := range a.Log.Folders[key] {
		if folder.Path == key+"/"+candidates && folder.Created <= n.Created {
			began, known = folder.Created, a.Log.Covers(folder.Created-1, n.Created)
		}
	}
	return began, known
}
