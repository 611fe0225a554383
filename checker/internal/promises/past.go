package promises

import (
	"math"
	"slices"
	"sort"

	"github.com/zklab/zklab/history"
)

// changeKind is the kind of a change of a znode.
type changeKind int

const (
	created changeKind = iota
	set
	deleted
)

// change is the effect of one transaction on a znode, or on the children of one.
type change struct {
	zxid    history.ID
	what    changeKind
	child   string     // the name, if the change is one among the children
	owner   history.ID // of an ephemeral znode that was created or deleted
	session history.ID // the session whose request it was
	by      *request   // nil: not in the record
	many    bool       // it was one of several operations of a multi
	closing bool       // it came with the end of a session
}

// past is the known history of a path, in the order of zxids.
type past struct {
	own      []change // changes of the znode itself
	children []change // changes of its children
	// versions lists the visible states, if all transactions are known: each change in
	// own and children begins another one.
	versions []version
	byNames  map[uint64][]int // versions by their children; built when first asked for
	absences []int            // the versions in which there is no znode, in order
	sorts    *[3][]int        // places in own, by the kind of change; built when first needed
	ends     []int            // places in children of those that were deleted with a session; built when first needed
	// stuck means that the znode's counter reached its end: then children come without
	// a trace in pzxid, and their names no longer rise.
	stuck bool
	// recounted means that the owner of the ensemble set the znode's counter, so that cversion
	// changed without a trace.
	recounted bool
	// denied means that at some time not every client could read the znode.
	denied bool
	// doubted is the first event at which a client tried to delete the znode with an unknown
	// outcome, -1 if there is none; deleted is the latest known deletion.
	doubted int
	deleted history.ID
	// retried means that a client tried to create the znode with an unknown outcome.
	retried bool
	// unnamed means that a client tried to create a sequential child with an unknown outcome, so its
	// name is not known.
	unnamed bool
	// ephemeral means that the servers may have deleted the znode themselves: with its session, as
	// an empty container, or when its TTL had passed.
	ephemeral bool
	births    []history.ID // the known creations
	rights    []rights     // in the order of zxids
	// unsure means that a client tried to create or delete the znode, or to change its rights, with
	// an unknown outcome.
	unsure bool
}

// doubtful reports whether a client tried to delete the znode with an unknown outcome.
func (p *past) doubtful() bool { return p.doubted >= 0 }

// past returns the past of a path; nil if nothing is known of it.
func (j *judge) past(path string) *past { return j.pasts[path] }

func (j *judge) pastOf(path string) *past {
	p := j.pasts[path]
	if p == nil {
		p = &past{versions: []version{{}}, doubted: -1}
		j.pasts[path] = p
	}
	return p
}

// learn collects what is known of each path.
func (j *judge) learn() {
	if len(j.Transactions) > 0 {
		j.pasts = map[string]*past{}
		if j.log = j.readLog(); j.log != nil {
			return
		}
		for _, f := range j.Report {
			f.Notes = append(f.Notes, "the transactions are not all there, so they were not used")
		}
	}
	j.pasts, j.complete = map[string]*past{}, map[history.ID]bool{}
	for _, q := range j.requests {
		q.changes(j.happened)
		j.tried(q)
		if q.tellsAll() {
			j.complete[q.reply.zxid] = true
		}
	}
	j.learnRights()
	for _, p := range j.pasts {
		slices.SortStableFunc(p.own, byZxid)
		slices.SortStableFunc(p.children, byZxid)
		for _, c := range p.own {
			if c.what == created {
				p.births = append(p.births, c.zxid)
			}
		}
	}
}

// happened records a change of a path, and with it a change among its parent's
// children.
func (j *judge) happened(path string, c change) {
	p := j.pastOf(path)
	p.own = append(p.own, c)
	p.ephemeral = p.ephemeral || c.owner != 0 || c.by != nil && (c.by.Op == "createContainer" || c.by.Op == "createTTL")
	if c.what == deleted {
		p.deleted = max(p.deleted, c.zxid)
	}
	if c.what == set {
		return
	}
	parent, name := split(path)
	up := j.pastOf(parent)
	c.child = name
	up.children = append(up.children, c)
	up.stuck = up.stuck || atEnd(name)
}

// tried records deletions and creations of unknown outcome.
func (j *judge) tried(q *request) {
	if q.answer() != unknown {
		return
	}
	for _, r := range append(q.Parts, q.Request) {
		switch kind(r.Op) {
		case "setACL":
			p := j.pastOf(r.Path)
			p.unsure, p.denied = true, p.denied || r.ACL != nil
		case opDelete:
			p := j.pastOf(r.Path)
			if p.unsure = true; p.doubted < 0 {
				p.doubted = q.index
			}
		case opCreate:
			p := j.pastOf(r.Path)
			p.retried, p.unsure, p.denied = true, true, p.denied || r.ACL != nil
			p.ephemeral = p.ephemeral || r.Ephemeral || r.Op == "createContainer" || r.Op == "createTTL"
			if r.Sequential {
				parent, _ := split(r.Path)
				j.pastOf(parent).unnamed = true
			}
		}
	}
}

// atEnd reports whether a name has the last number of a counter, or one past it.
func atEnd(name string) bool {
	n, ok := number(name)
	return ok && (n == math.MaxInt32 || n < 0)
}

// after returns the first of some changes with a zxid above z; nil if there is none.
func after(cs []change, z history.ID) *change {
	if i := sort.Search(len(cs), func(i int) bool { return cs[i].zxid > z }); i < len(cs) {
		return &cs[i]
	}
	return nil
}

// behind returns the first change of one kind to the znode itself with a zxid above z; nil
// if there is none.
func (p *past) behind(z history.ID, of changeKind) *change {
	if p.sorts == nil {
		p.sorts = &[3][]int{}
		for i := range p.own {
			p.sorts[p.own[i].what] = append(p.sorts[p.own[i].what], i)
		}
	}
	places := p.sorts[of]
	i := sort.Search(len(places), func(i int) bool { return p.own[places[i]].zxid > z })
	if i == len(places) {
		return nil
	}
	return &p.own[places[i]]
}

// lastEnd returns the last end of a session, up to z, that deleted children; nil if
// there is none.
func (p *past) lastEnd(z history.ID) *change {
	if p.ends == nil {
		p.ends = []int{}
		for i := range p.children {
			if p.children[i].closing {
				p.ends = append(p.ends, i)
			}
		}
	}
	i := sort.Search(len(p.ends), func(i int) bool { return p.children[p.ends[i]].zxid > z })
	if i == 0 {
		return nil
	}
	return &p.children[p.ends[i-1]]
}
