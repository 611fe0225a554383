package anyprogram

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/link"
)

// remains is what a run leaves on the servers, as far as runs can be compared by it.
type remains struct {
	left map[string]int   // persistent znodes at the end, by the pattern of their paths
	made map[contends]int // sequential znodes that each client has made
	// orphan is the sequential znode whose creator lost the reply, made another one while it existed, and never named it; ""
	// if there is none.
	orphan   string
	orphaned contends
}

// contends names the sequential znodes of one kind that a client makes.
type contends struct {
	client int
	path   string // the pattern
}

// life is what is known of the last znode at a path.
type life struct {
	died  history.ID // the zxid; 0 for one that is there at the end
	lasts bool       // it outlives its session, and nothing deletes it by itself
}

// remaining reads from the transaction log what is left, and how many sessions have begun that are not among the known ones.
// Call it with r.mu held.
func (r *run) remaining(txns []history.Txn, sessions map[int64]bool) (left remains, past int) {
	lives := map[string]life{}
	for i := range txns {
		t := &txns[i]
		if t.Type == "createSession" && !sessions[int64(t.Session)] {
			past++
		}
		apply(lives, t)
	}
	left = remains{left: map[string]int{}, made: map[contends]int{}}
	for path, l := range lives {
		if l.died == 0 && l.lasts {
			left.left[pattern(path)]++
		}
	}
	r.orphans(&left, lives)
	return left, past
}

// apply applies a transaction.
func apply(lives map[string]life, t *history.Txn) {
	die := func(path string) {
		lives[path] = life{t.Zxid, lives[path].lasts}
	}
	for part := range t.Changes() {
		switch {
		case part.Creates():
			lives[part.Path] = life{lasts: part.Owner == 0 && part.Type != "createContainer" && part.Type != "createTTL"}
		case part.Type == "delete" || part.Type == "deleteContainer":
			die(part.Path)
		}
		for _, path := range part.Paths {
			die(path)
		}
	}
}

// orphans counts the sequential znodes that clients made, and looks for one that its creator does not know of. Call it with r.mu
// held.
func (r *run) orphans(left *remains, lives map[string]life) {
	clientOf := map[history.ID]int{}
	for _, c := range r.clients {
		for _, s := range c.link.Sessions() {
			clientOf[history.ID(s.ID)] = c.n
		}
	}
	var lost link.Acknowledged
	for _, a := range r.acked {
		for _, x := range a.Changes {
			if x.Sequential {
				left.made[contends{clientOf[a.Session], pattern(x.Path)}]++
			}
		}
		if r.effect.lost != 0 && int64(a.Zxid) == r.effect.lost {
			lost = a
		}
	}
	for _, x := range lost.Changes {
		of := contends{clientOf[lost.Session], pattern(x.Path)}
		if !x.Sequential || r.named(x.Path) || !r.madeAnother(lost, of.path, lives[x.Path]) {
			continue
		}
		left.orphan, left.orphaned = x.Path, of
	}
}

// madeAnother reports whether the session has made another sequential znode of the pattern during the life of its first one.
// Call it with r.mu held.
func (r *run) madeAnother(first link.Acknowledged, like string, l life) bool {
	return slices.ContainsFunc(r.acked, func(a link.Acknowledged) bool {
		return a.Session == first.Session && a.Zxid > first.Zxid && (l.died == 0 || a.Zxid < l.died) &&
			slices.ContainsFunc(a.Changes, func(x link.Acked) bool { return x.Sequential && pattern(x.Path) == like })
	})
}

// named reports whether a request since the fault was about a znode, or one below it. Call it with r.mu held.
func (r *run) named(path string) bool {
	for p := range r.mentioned {
		if p == path || strings.HasPrefix(p, path+"/") {
			return true
		}
	}
	return false
}

// add makes m the most that any of the runs left and made.
func (m *remains) add(other remains) {
	if m.left == nil {
		m.left, m.made = map[string]int{}, map[contends]int{}
	}
	for path, n := range other.left {
		m.left[path] = max(m.left[path], n)
	}
	for of, n := range other.made {
		m.made[of] = max(m.made[of], n)
	}
}

// beyond says what a run left that runs without a fault do not leave.
func (m *remains) beyond(usual remains) (texts []string) {
	for _, path := range slices.Sorted(maps.Keys(m.left)) {
		if n, was := m.left[path], usual.left[path]; n > was {
			texts = append(texts, fmt.Sprintf("it left %s %s, and without a fault %d", prose.Count(n, "znode"), path, was))
		}
	}
	if m.orphan != "" && m.made[m.orphaned] > usual.made[m.orphaned] {
		texts = append(texts, fmt.Sprintf("client %d has a znode that it does not know of: it created %s, lost the reply, and created another one",
			m.orphaned.client, m.orphan))
	}
	return texts
}
