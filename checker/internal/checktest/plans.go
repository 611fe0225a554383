package checktest

import (
	"fmt"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// GeneratePlans makes a history of a master-worker of which little is known except its log:
// candidates stand and resign, sessions end and their clients open others, folders are deleted and
// created again, znodes of strangers stand beside the candidates, and the log has holes.
func GeneratePlans(rng *rand.Rand, how Kind) (*history.History, []history.Txn) {
	clients := 2 + rng.IntN(3)
	w := &planWorld{Record: Ours(models.MasterWorker.Name, history.Params{Clients: clients, Tries: 2}), rng: rng, how: how, session: make([]history.ID, clients)}
	w.sequence = []int32{0, 0, 1<<31 - 3}[rng.IntN(3)]
	for c := range clients {
		w.open(c)
	}
	if rng.IntN(10) > 0 {
		w.folder("master")
	}
	w.folder("taken")
	steps := 6 + rng.IntN(20)
	for range steps {
		w.step(rng.IntN(clients), rng.IntN(24))
	}
	w.Shown(60)
	return w.PutJob(0, 1, 2, "a", history.OK).Build(), w.Txns
}

// planWorld is a master-worker as its log has it.
type planWorld struct {
	*Record
	rng      *rand.Rand
	how      Kind
	session  []history.ID
	owner    []int // the client of each session, from 1 on
	gone     []history.ID
	sequence int32
	made     bool // the folder of candidates
	line     []planCandidate
	tasks    int
}

// planCandidate is a candidate for master.
type planCandidate struct {
	path    string
	session history.ID
}

func (w *planWorld) open(c int) {
	w.owner = append(w.owner, c)
	w.session[c] = history.ID(len(w.owner))
	w.Opens(w.session[c]).Connected(3, c, w.session[c])
}

func (w *planWorld) folder(name string) {
	w.Txn(history.Txn{Type: "create", Session: w.session[0], Path: "/run/k/" + name})
	w.made = w.made || name == "master"
}

func (w *planWorld) step(c, kind int) {
	switch kind {
	case 0, 1, 2, 3:
		w.stand(c)
	case 4, 5:
		w.resign()
	case 6:
		w.end(c)
	case 7:
		w.stranger()
	case 8:
		w.again()
	case 9:
		w.hole()
	case 10: // the session lives on on the servers, but its client has another one
		w.gone = append(w.gone, w.session[c])
		w.open(c)
	case 11:
		if len(w.gone) > 0 {
			w.close(w.gone[0])
			w.gone = w.gone[1:]
		}
	case 12:
		w.resignAndAssign()
	case 13: // another leader; a hole at the end of an epoch would not show
		w.Touches(w.session[c])
		w.Zxid = (w.Zxid>>32 + 1) << 32
	case 14:
		w.tasks++
		w.Assigns(99, fmt.Sprintf("t-%d", w.tasks))
	default:
		w.assign(c)
	}
}

func (w *planWorld) stand(c int) {
	if !w.made {
		w.folder("master")
	}
	path := fmt.Sprintf("/run/k/master/c-%010d", w.sequence)
	w.line = append(w.line, planCandidate{path, w.session[c]})
	w.sequence++
	w.Txn(history.Txn{Type: "create", Session: w.session[c], Owner: w.session[c], Path: path, ParentCversion: w.sequence})
}

// remove takes a candidate out of the line.
func (w *planWorld) remove(i int) planCandidate {
	c := w.line[i]
	w.line = append(w.line[:i:i], w.line[i+1:]...)
	return c
}

func (w *planWorld) resign() {
	if len(w.line) > 0 {
		c := w.remove(w.rng.IntN(len(w.line)))
		w.Txn(history.Txn{Type: "delete", Session: c.session, Path: c.path})
	}
}

// resignAndAssign is a master that resigns with its last assignment.
func (w *planWorld) resignAndAssign() {
	if len(w.line) == 0 {
		return
	}
	i := 0
	if w.how != Constructed {
		i = w.rng.IntN(len(w.line))
	}
	c := w.remove(i)
	w.tasks++
	w.Txn(history.Txn{Type: "multi", Session: c.session, Parts: []history.Txn{
		{Type: "delete", Path: c.path}, {Type: "create", Path: fmt.Sprintf("/run/k/taken/t-%d", w.tasks)},
	}})
}

// end closes a client's session, and opens another one.
func (w *planWorld) end(c int) {
	w.close(w.session[c])
	w.open(c)
}

func (w *planWorld) close(s history.ID) {
	w.Closes(s)
	for i := len(w.line) - 1; i >= 0; i-- {
		if w.line[i].session == s {
			w.remove(i)
		}
	}
}

// stranger adds a znode that is not a candidate's, or whose session belongs to no client of this run.
func (w *planWorld) stranger() {
	if !w.made {
		return
	}
	w.sequence++
	t := history.Txn{Type: "create", Session: 99, Owner: 99, Path: fmt.Sprintf("/run/k/master/c-%010d", w.sequence-1), ParentCversion: w.sequence}
	switch w.rng.IntN(4) {
	case 0:
		t.Session, t.Owner = w.session[0], 0
	case 1:
		t.Session = w.session[0]
	case 2:
		t.Session, t.Owner, t.Path = w.session[0], w.session[0], fmt.Sprintf("/run/k/master/x%d", w.sequence)
	}
	w.Txn(t)
}

// again deletes the folder of the candidates and creates it again.
func (w *planWorld) again() {
	for len(w.line) > 0 {
		w.Txn(history.Txn{Type: "delete", Session: 98, Path: w.remove(0).path})
	}
	w.Txn(history.Txn{Type: "delete", Session: 98, Path: "/run/k/master"})
	w.sequence = 0
	w.folder("master")
}

// hole makes a change that the log lacks.
func (w *planWorld) hole() {
	n := len(w.Txns)
	switch w.rng.IntN(3) {
	case 0:
		w.Touches(w.session[0])
	case 1:
		w.stand(w.rng.IntN(len(w.session)))
	default:
		w.resign()
	}
	w.Txns = w.Txns[:n]
}

// assign adds an assignment by the master, or, in a history that goes wrong, by any
// client.
func (w *planWorld) assign(c int) {
	if w.how == Constructed || w.how == mutated && w.rng.IntN(4) > 0 {
		if len(w.line) == 0 {
			return
		}
		c = w.owner[w.line[0].session-1]
	}
	w.tasks++
	w.Assigns(w.session[c], fmt.Sprintf("t-%d", w.tasks))
}
