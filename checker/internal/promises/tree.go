package promises

import (
	"bytes"
	"hash/maphash"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
)

// log holds what the committed transactions show besides the pasts of the paths.
type log struct {
	zxids []history.ID // of all transactions
	// sent holds, for each transaction, the earliest time by which it and all
	// transactions before it had been asked for: it was not committed before.
	sent []time.Duration
	// latest holds the requests that were sent at the times in sent.
	latest []*request
	// closes holds the ends of sessions, by session.
	closes map[history.ID]*history.Txn
	// creations lists the creations of znodes, for names.
	creations []creationTxn
}

// creationTxn is a znode that a transaction made.
type creationTxn struct {
	zxid, parent history.ID // parent: the czxid of the parent
	path         string
	by           *request
	sequential   bool
}

// version is the visible state of a znode from a transaction on.
type version struct {
	from                history.ID
	present             bool
	czxid, mzxid, pzxid history.ID
	owner               history.ID
	number              int32 // of its data
	children            int32
	names               uint64 // of the children: the sum of their hashes
	data                []byte
	creates             int32 // the counter that names sequential children
	many                bool  // the change was one of several operations of a multi
}

func (v *version) latest() history.ID { return max(v.czxid, v.mzxid, v.pzxid) }

// whole reports whether the transactions begin at the beginning, have no hole, and do
// not end before the last write that was acknowledged. Within an epoch, the upper half
// of a zxid, they are numbered from 1. The end of an epoch needs no check: the next
// leader had everything that was committed.
func (j *judge) whole() bool {
	var before history.ID
	for i := range j.Transactions {
		z := j.Transactions[i].Zxid
		if z != before+1 && (z>>32 == before>>32 || z&0xffffffff != 1) {
			return false
		}
		before = z
	}
	for _, q := range j.requests {
		if q.quorum() && q.reply.zxid > before {
			return false
		}
	}
	return true
}

// readLog applies all transactions to an empty tree. It returns nil if they do not fit:
// then some transactions before the first of them are missing.
func (j *judge) readLog() *log {
	if !j.whole() {
		return nil
	}
	b := &builder{judge: j, log: &log{closes: map[history.ID]*history.Txn{}}, owned: map[history.ID]map[string]bool{}, lives: map[string]*life{}, lived: map[string]bool{}}
	root := j.pastOf("/")
	root.versions[0] = version{present: true}
	type key struct {
		session history.ID
		cxid    int32
	}
	asked := map[key]*request{}
	for _, q := range j.requests {
		asked[key{q.conn.id, q.Xid}] = q
	}
	var sent time.Duration
	var latest *request
	for i := range j.Transactions {
		t := &j.Transactions[i]
		q := asked[key{t.Session, t.Cxid}]
		if q.became(t) {
			if q.txn = t; q.at >= sent {
				sent, latest = q.at, q
			}
		} else {
			q = nil
		}
		b.log.zxids = append(b.log.zxids, t.Zxid)
		b.log.sent = append(b.log.sent, sent)
		b.log.latest = append(b.log.latest, latest)
		if !b.apply(t, q) {
			return nil
		}
	}
	for _, p := range j.pasts {
		p.noteAbsences()
	}
	return b.log
}

// became reports whether a transaction can be the effect of a request. Equal session and cxid alone
// do not show that: a client that ends a session from another connection numbers its requests from
// the beginning.
func (q *request) became(t *history.Txn) bool {
	return q != nil && q.writes() && q.txn == nil && (t.Type == "error" || kind(t.Type) == kind(q.Op))
}

// builder applies transactions.
type builder struct {
	*judge
	log   *log
	owned map[history.ID]map[string]bool
	lives map[string]*life
	lived map[string]bool // paths at which there were containers or TTL znodes
}

// apply reports whether a transaction fits the tree.
func (b *builder) apply(t *history.Txn, by *request) bool {
	if t.Refused() {
		return true
	}
	base := change{zxid: t.Zxid, session: t.Session, by: by}
	if t.Type != opMulti {
		b.note(t, base, t)
		return b.one(t, base, by != nil && by.Sequential)
	}
	base.many = len(t.Parts) > 1
	for i := range t.Parts {
		sequential := by != nil && len(by.Parts) == len(t.Parts) && by.Parts[i].Sequential
		if b.note(&t.Parts[i], base, t); !b.one(&t.Parts[i], base, sequential) {
			return false
		}
	}
	return true
}

// one applies an operation.
func (b *builder) one(t *history.Txn, c change, sequential bool) bool {
	switch kind(t.Type) {
	case opCreate:
		return b.create(t, c, sequential)
	case opDelete:
		c.what = deleted
		return b.delete(t.Path, c)
	case opSet:
		p := b.past(t.Path)
		if p == nil || !p.now().present {
			return boot(t.Path)
		}
		c.what = set
		p.own = append(p.own, c)
		v := p.next(c)
		v.mzxid, v.number, v.data = c.zxid, t.Version, t.Data
	case "setACL":
		p := b.pastOf(t.Path)
		p.denied = p.denied || t.ACL != nil
		p.rights = append(p.rights, rights{from: c.zxid, list: t.ACL})
	case "setSequence":
		p := b.pastOf(t.Path)
		p.recounted, p.now().creates = true, t.ParentCversion
	case "closeSession":
		b.log.closes[c.session] = t
		c.what, c.closing = deleted, true
		for _, path := range slices.Sorted(keys(b.owned[c.session])) {
			b.delete(path, c)
		}
	}
	return true
}

func keys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (b *builder) create(t *history.Txn, c change, sequential bool) bool {
	parent, name := split(t.Path)
	up := b.past(parent)
	if up == nil || !up.now().present {
		return boot(parent)
	}
	p := b.pastOf(t.Path)
	if p.now().present {
		return up.stuck // otherwise the log cannot be right
	}
	if kind(t.Type) == opCreate && t.Type != "createContainer" && t.Type != "createTTL" {
		c.owner = t.Owner
	}
	c.what = created
	p.own = append(p.own, c)
	p.rights = append(p.rights, rights{from: c.zxid, list: t.ACL})
	p.denied = p.denied || t.ACL != nil
	counter := up.now().creates
	v := p.next(c)
	*v = version{
		from: v.from, many: v.many, present: true,
		czxid: c.zxid, mzxid: c.zxid, pzxid: c.zxid, owner: t.Owner, data: t.Data,
	}
	if c.owner != 0 {
		if b.owned[c.owner] == nil {
			b.owned[c.owner] = map[string]bool{}
		}
		b.owned[c.owner][t.Path] = true
	}
	b.log.creations = append(b.log.creations, creationTxn{c.zxid, up.now().czxid, t.Path, c.by, sequential})
	c.child = name
	up.children = append(up.children, c)
	w := up.next(c)
	w.children++
	w.names += hash(name)
	// The counter stops at its largest number, and pzxid changes only together with it.
	if next := t.ParentCversion; next > counter || next == 0 {
		w.creates, w.pzxid = max(next, counter), c.zxid
	} else {
		up.stuck = true
	}
	up.stuck = up.stuck || sequential && atEnd(name)
	return true
}

func (b *builder) delete(path string, c change) bool {
	p := b.past(path)
	if p == nil || !p.now().present {
		return boot(path)
	}
	if c.owner = p.now().owner; c.owner != 0 {
		delete(b.owned[c.owner], path)
	}
	p.own = append(p.own, c)
	p.rights = append(p.rights, rights{from: c.zxid, gone: true})
	v := p.next(c)
	*v = version{from: v.from, many: v.many}
	parent, name := split(path)
	up := b.past(parent)
	if up == nil || !up.now().present {
		return boot(parent)
	}
	c.child = name
	up.children = append(up.children, c)
	w := up.next(c)
	w.children--
	w.names -= hash(name)
	w.pzxid = c.zxid
	return true
}

// boot reports whether a path belongs to the servers: what is below it at the start is not in the log.
func boot(path string) bool {
	return path == "/" || path == "/zookeeper" || strings.HasPrefix(path, "/zookeeper/")
}

// now returns the present version while transactions are applied.
func (p *past) now() *version { return &p.versions[len(p.versions)-1] }

// next begins a version with a change; one transaction makes one version.
func (p *past) next(c change) *version {
	v := *p.now()
	v.many = c.many
	if v.from == c.zxid {
		p.now().many = c.many
		return p.now()
	}
	v.from = c.zxid
	p.versions = append(p.versions, v)
	return p.now()
}

func (p *past) noteAbsences() {
	for i := range p.versions {
		if !p.versions[i].present {
			p.absences = append(p.absences, i)
		}
	}
}

// in returns the version that was in force at z.
func (p *past) in(z history.ID) int {
	return max(0, sort.Search(len(p.versions), func(i int) bool { return p.versions[i].from > z })-1)
}

// until returns the zxid at which version i ended; ok is false if it did not.
func (p *past) until(i int) (z history.ID, ok bool) {
	if i+1 >= len(p.versions) {
		return 0, false
	}
	return p.versions[i+1].from, true
}

var seed = maphash.MakeSeed()

func hash(name string) uint64 { return maphash.String(seed, name) }

// content is a reply's view of one znode.
type content struct {
	path     string
	absent   bool
	stat     *history.Stat // nil: not shown
	data     []byte
	hasData  bool
	children []string
	hasNames bool
	names    uint64
}

// equals reports whether a version looks like the content.
func (v *version) equals(c *content) bool {
	if c.absent || !v.present {
		return c.absent == !v.present
	}
	if s := c.stat; s != nil && (s.Czxid != v.czxid || s.Mzxid != v.mzxid || s.Pzxid != v.pzxid ||
		s.Version != v.number || s.NumChildren != v.children || s.Owner != v.owner) {
		return false
	}
	return (!c.hasData || bytes.Equal(c.data, v.data)) && (!c.hasNames || c.names == v.names)
}

// first returns the first version with the content that was in force at lower or later; -1 if there
// is none.
func (p *past) first(c *content, lower history.ID) int {
	from := p.in(lower)
	switch {
	case c.absent:
		if k, _ := slices.BinarySearch(p.absences, from); k < len(p.absences) {
			return p.absences[k]
		}
	case c.stat != nil:
		// The latest of a znode's three zxids belongs to the change that produced this
		// state. Only children past the end of the counter leave no trace in them.
		latest := latest(c.stat)
		for i := max(from, p.in(latest)); i < len(p.versions) && p.versions[i].latest() <= latest; i++ {
			if p.versions[i].equals(c) {
				return i
			}
			if p.versions[i].children > c.stat.NumChildren {
				break // only further children come without a trace
			}
		}
	case c.hasNames:
		is := p.withNames(c.names)
		if k, _ := slices.BinarySearch(is, from); k < len(is) {
			return is[k]
		}
	}
	return -1
}

// withNames returns the versions with children of the given sum of hashes, in order.
func (p *past) withNames(names uint64) []int {
	if p.byNames == nil {
		p.byNames = map[uint64][]int{}
		for i, v := range p.versions {
			if v.present {
				p.byNames[v.names] = append(p.byNames[v.names], i)
			}
		}
	}
	return p.byNames[names]
}

// before returns the last version before lower with the content; -1 if there is none.
func (p *past) before(c *content, lower history.ID) int {
	to := p.in(lower)
	switch {
	case c.absent:
		if k, _ := slices.BinarySearch(p.absences, to+1); k > 0 {
			return p.absences[k-1]
		}
	case c.stat != nil:
		if i := p.first(c, 0); i >= 0 && i < to {
			return i
		}
	case c.hasNames:
		is := p.withNames(c.names)
		if k, _ := slices.BinarySearch(is, to); k > 0 {
			return is[k-1]
		}
	}
	return -1
}

// committed returns the highest zxid that a server can have shown by t: the one before the
// first transaction that no client had asked for by then.
func (l *log) committed(t time.Duration) history.ID {
	i := sort.Search(len(l.sent), func(i int) bool { return l.sent[i] > t })
	if i == len(l.sent) {
		return math.MaxInt64
	}
	return l.zxids[i] - 1
}
