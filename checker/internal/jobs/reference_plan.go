package jobs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// The mastership for the reference model: who stands for it, in order. Its time is the order of the
// transaction log, which orders everything except the parts of one transaction.
var planReference = &frame.Reference{
	Covers:     []string{"stale-plan"},
	Applies:    func(a *evidence.Record) bool { return a.Log != nil },
	Operations: planSteps,
	Model:      func(*evidence.Record) porcupine.Model { return planSpec },
	Size:       func(state any) int { return len(state.(string)) },
}

// planStep is a transaction for the reference model.
type planStep struct {
	candidate int // the candidate that stands or resigns, by its place in the order of creation
	resigns   bool
	assigns   bool
	folder    bool // the folder of candidates is created, so there are no candidates
	client    int  // the client that stands or assigns
	text      string
	of        []int // the client of each candidate
}

// The states of a candidate.
const (
	away     = '-'
	standsIn = 's'
)

// foldersOf returns the znodes in all folders of a key that have a given name, wherever below the
// run's root they are, in order of creation.
func foldersOf(k *evidence.Key, name string) []*evidence.Znode {
	var in []*evidence.Znode
	for path, all := range k.Log.Folders {
		if strings.HasPrefix(path, k.Params.Root) && strings.HasSuffix(path, "/"+k.Name+"/"+name) {
			in = append(in, all...)
		}
	}
	slices.SortFunc(in, func(m, n *evidence.Znode) int {
		return cmp.Or(cmp.Compare(m.Created, n.Created), cmp.Compare(m.Path, n.Path))
	})
	return in
}

// clientOf returns the client of a session; false if the session belongs to no client of this run, or
// to the harness.
func clientOf(k *evidence.Key, id history.ID) (client int, ours bool) {
	s := k.Session(id)
	if s == nil || s.Client < 0 {
		return -1, false
	}
	return s.Client, true
}

// beginnings returns the zxids at which the candidates' folder was created, as often as
// it was.
func beginnings(k *evidence.Key) (made []uint64) {
	for path, all := range k.Log.Folders {
		if !strings.HasPrefix(path, k.Params.Root) || !strings.HasSuffix(path, "/"+k.Name) {
			continue
		}
		for _, n := range all {
			if n.Name() == candidates {
				made = append(made, n.Created)
			}
		}
	}
	return made
}

func planSteps(k *evidence.Key) ([]porcupine.Operation, bool) {
	var ops []porcupine.Operation
	add := func(s planStep, zxid uint64) {
		ops = append(ops, porcupine.Operation{ClientId: s.client, Input: &s, Call: int64(zxid), Return: int64(zxid)})
	}
	stand := foldersOf(k, candidates)
	of := make([]int, len(stand))
	for i, n := range stand {
		client, ours := clientOf(k, n.Owner)
		if !ours || !n.Sequential() {
			of[i] = -1
			continue
		}
		of[i] = client
		add(planStep{candidate: i, client: client, of: of, text: fmt.Sprintf("client %d stands", client)}, n.Created)
		if n.Deleted != evidence.StillThere {
			add(planStep{candidate: i, resigns: true, client: client, of: of, text: fmt.Sprintf("client %d stands no more", client)}, n.Deleted)
		}
	}
	made := beginnings(k)
	for _, z := range made {
		add(planStep{folder: true, of: of, text: "no candidate yet"}, z)
	}
	// known reports whether the log has everything that was done since the folder was
	// last created.
	known := func(zxid uint64) bool {
		return slices.ContainsFunc(made, func(z uint64) bool { return z <= zxid && k.Log.Covers(z-1, zxid) })
	}
	for _, n := range foldersOf(k, assigned) {
		if client, ours := clientOf(k, n.Maker); ours && known(n.Created) {
			add(planStep{assigns: true, client: client, of: of, text: fmt.Sprintf("client %d assigns %s", client, n.Name())}, n.Created)
		}
	}
	return ops, true
}

var planSpec = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, _ any) (bool, any) {
		now, s := state.(string), input.(*planStep)
		if now == "" {
			now = strings.Repeat(string(away), len(s.of))
		}
		switch {
		case s.folder:
			return true, strings.Repeat(string(away), len(s.of))
		case s.assigns:
			front := strings.IndexByte(now, standsIn)
			return front >= 0 && s.of[front] == s.client, now
		case s.resigns:
			return true, now[:s.candidate] + string(away) + now[s.candidate+1:]
		default:
			return true, now[:s.candidate] + string(standsIn) + now[s.candidate+1:]
		}
	},
	DescribeOperation: func(input, _ any) string { return input.(*planStep).text },
}
