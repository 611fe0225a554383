package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// Znodes is what is known of znodes: by the transaction log, or by what zklab's own sessions saw. It is read-only once built.
type Znodes struct {
	Folders map[string][]*Znode // in order of creation
	whole   []Stretch           // in order, apart
	path    map[string]*Znode   // the latest at a path
}

func newZnodes() Znodes { return Znodes{Folders: map[string][]*Znode{}, path: map[string]*Znode{}} }

// ZnodesOf returns what is known of the znodes of a record; nil if that is nothing.
var ZnodesOf = Once(func(a *Record) *Znodes {
	if a.Log != nil {
		return &a.Log.Znodes
	}
	if slices.ContainsFunc(a.Faults.All, func(f *Fault) bool { return f.Traits.Denies }) { // servers then withhold events
		return nil
	}
	return indexTreeWatch(a.treeWatch)
})

// ZnodeEvidence returns the letter of the evidence that [ZnodesOf] rests on.
func (a *Record) ZnodeEvidence() string {
	if a.Log == nil && ZnodesOf(a) != nil {
		return "W"
	}
	return "L"
}

// ZnodesIn returns words for what [ZnodesOf] rests on, after "in".
func (a *Record) ZnodesIn() string {
	if a.ZnodeEvidence() == "W" {
		return "what zklab's tree watch saw"
	}
	return "the transaction log"
}

// Stretch is a part of what is known without a hole: all transactions from one zxid to another, both
// included.
type Stretch struct{ from, To uint64 }

// Znode is a znode from its creation to its end.
type Znode struct {
	Path             string
	Type             string // of the request that created it, as in history.Txn
	Data             []byte
	Number           int32      // the parent's counter when it was made
	Owner            history.ID // of an ephemeral
	Maker            history.ID // the session that asked for it
	Remover          history.ID // the session that deleted it, or whose end did; 0: not known
	Created, Deleted uint64     // zxids of its creation and its end; there if it has none
}

// Sequential reports whether the servers gave the znode its number.
func (n *Znode) Sequential() bool { return strings.HasSuffix(n.Path, fmt.Sprintf("%010d", n.Number)) }

// Parent returns the path of the znode's parent.
func (n *Znode) Parent() string { return n.Path[:strings.LastIndexByte(n.Path, '/')] }
func (n *Znode) Name() string   { return n.Path[strings.LastIndexByte(n.Path, '/')+1:] }

// Until returns text that names the zxid at which the znode was deleted by the log, or "" if it was
// not.
func (n *Znode) Until() string {
	if n.Deleted == StillThere {
		return ""
	}
	return ", and was deleted at " + words.Zxid(n.Deleted)
}

// Group returns the run's znodes by the id that by gives them, each group in order of creation. It
// leaves out znodes of other runs on the same ensemble.
func (x *Znodes) Group(by func(*Znode) (id string, ok bool)) map[string][]*Znode {
	groups := map[string][]*Znode{}
	for _, all := range x.Folders {
		for _, n := range all {
			if id, ok := by(n); ok {
				groups[id] = append(groups[id], n)
			}
		}
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(m, n *Znode) int { return cmp.Compare(m.Created, n.Created) })
	}
	return groups
}

// Covers reports whether all transactions are known above low, up to high, which is not below
// low.
func (x *Znodes) Covers(low, high uint64) bool {
	s, ok := x.Stretch(high)
	return ok && low <= high && s.from <= low+1
}

// Stretch returns the part without a hole that a zxid lies in.
func (x *Znodes) Stretch(z uint64) (Stretch, bool) {
	i, _ := slices.BinarySearchFunc(x.whole, z, func(s Stretch, z uint64) int {
		if s.To < z {
			return -1
		}
		return 1
	})
	if i == len(x.whole) || x.whole[i].from > z {
		return Stretch{}, false
	}
	return x.whole[i], true
}

// add adds a znode that was created.
func (x *Znodes) add(n *Znode) {
	x.remove(n.Path, n.Created, 0) // only if there is a hole
	x.path[n.Path] = n
	x.Folders[n.Parent()] = append(x.Folders[n.Parent()], n)
}

func (x *Znodes) remove(path string, z uint64, by history.ID) {
	if n := x.path[path]; n != nil && n.Deleted == StillThere {
		n.Deleted, n.Remover = z, by
		delete(x.path, path)
	}
}
