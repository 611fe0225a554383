package promises

import (
	"cmp"
	"math"
	"path"
	"slices"
	"sort"
	"strconv"

	"github.com/zklab/zklab/history"
)

// numbered is a sequential znode that a client created.
type numbered struct {
	creationTxn
	number int32
}

// names checks that the numbers of sequential znodes rise in the order of their
// creation, within one life of their parent, so that no name is given twice
// ("Programmer's Guide, Sequence Nodes"). At 2147483647 the counter stops, and nothing
// is promised any more.
func (j *judge) names() {
	type parent struct {
		path  string
		czxid history.ID
	}
	var all []creationTxn
	if j.log != nil {
		all = j.log.creations
	} else if !j.Removed {
		all = j.createdKnown()
	}
	last := map[parent]numbered{}
	over := map[parent]bool{}
	for _, c := range all {
		if !c.sequential {
			continue
		}
		n, ok := number(path.Base(c.path))
		if !ok {
			if c.by != nil {
				j.broken(Names, c.by.events(), "client %d asked for a sequential znode at %s and got %s", c.by.conn.client, at(c.by.at), c.path)
			}
			continue
		}
		j.Report[Names].count("created", 1)
		of := parent{path.Dir(c.path), c.parent}
		if over[of] {
			continue
		}
		over[of] = n == math.MaxInt32 || n < 0
		before, ok := last[of]
		if ok && n-before.number <= 0 { // the difference may overflow
			j.broken(Names, append(c.by.events(), before.by.events()...), "client %d's create, sent at %s, created %s at zxid %s, but client %d's had created %s before, at zxid %s",
				c.by.conn.client, at(c.by.at), c.path, c.zxid, before.by.conn.client, before.path, before.zxid)
			continue
		}
		last[of] = numbered{c, n}
	}
}

// createdKnown returns the znodes of whose creation a client was told, in order.
func (j *judge) createdKnown() []creationTxn {
	var all []creationTxn
	for _, q := range j.requests {
		if !q.writes() || q.answer() != done || q.reply.zxid == 0 {
			continue
		}
		q.parts(func(r history.Request, got history.Reply) {
			if kind(r.Op) != opCreate || !r.Sequential || got.Path == "" {
				return
			}
			parent, ok := j.lifeOf(path.Dir(got.Path), q.reply.zxid)
			if ok {
				all = append(all, creationTxn{q.reply.zxid, parent, got.Path, q, true})
			}
		})
	}
	slices.SortStableFunc(all, func(x, y creationTxn) int { return cmp.Compare(x.zxid, y.zxid) })
	return all
}

// lifeOf returns the czxid of the znode that existed at z; 0 if it existed from the
// beginning. ok is false if the znode may have been deleted and created again unseen,
// so that its numbers start at 0 again: an attempt to delete or create it has no
// answer, or it was a container.
func (j *judge) lifeOf(path string, z history.ID) (czxid history.ID, ok bool) {
	p := j.past(path)
	if p == nil {
		return 0, true
	}
	if p.doubtful() || p.ephemeral {
		return 0, false
	}
	if i := sort.Search(len(p.births), func(i int) bool { return p.births[i] > z }); i > 0 {
		czxid = p.births[i-1]
	}
	gone := p.behind(czxid, deleted)
	return czxid, gone == nil || gone.zxid > z
}

// number returns the number at the end of a sequential znode's name.
func number(name string) (int32, bool) {
	const digits = 10
	if len(name) < digits {
		return 0, false
	}
	end := name[len(name)-digits:]
	if len(name) > digits && name[len(name)-digits-1] == '-' {
		if n, err := strconv.ParseInt("-"+end, 10, 32); err == nil && n <= math.MinInt32+1<<20 {
			return int32(n), true // -2147483648, rather than a prefix that ends with a dash
		}
	}
	n, err := strconv.ParseInt(end, 10, 32)
	return int32(n), err == nil
}
