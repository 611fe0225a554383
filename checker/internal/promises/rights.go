package promises

import (
	"cmp"
	"math"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/zklab/zklab/history"
)

// This file compares what servers did and refused with the access control lists
// ("Programmer's Guide, ZooKeeper access control using ACLs").

// errNoAuth is the protocol's error code for a request without the right that it needs.
const errNoAuth = -102

// The protocol's bits of rights.
const (
	mayRead   = 1
	mayWrite  = 2
	mayCreate = 4
	mayDelete = 8
	mayAdmin  = 16
)

var rightNames = map[int32]string{mayRead: "read", mayWrite: "write", mayCreate: "create", mayDelete: "delete", mayAdmin: "admin"}

// rights is the access control list of a znode from a transaction on; gone means that
// there is no znode.
type rights struct {
	from history.ID
	list []history.TxnACL // nil: everyone may do everything
	gone bool
}

// learnRights collects the access control lists that clients have set or read, if the transactions
// are not known.
func (j *judge) learnRights() {
	for _, q := range j.requests {
		if !q.writes() || q.answer() != done || q.reply.zxid == 0 {
			continue
		}
		q.parts(func(r history.Request, got history.Reply) {
			of := rights{from: q.reply.zxid, list: r.ACL}
			switch kind(r.Op) {
			case opCreate, "setACL":
			case opDelete:
				of.gone = true
			default:
				return
			}
			p := j.pastOf(cmp.Or(got.Path, r.Path))
			p.denied = p.denied || of.list != nil
			p.rights = append(p.rights, of)
		})
	}
	for _, p := range j.pasts {
		slices.SortStableFunc(p.rights, func(x, y rights) int { return cmp.Compare(x.from, y.from) })
	}
}

// right returns the right that an operation needs, and the znode on which it needs it; 0 if this
// file does not check the operation.
func right(r history.Request) (need int32, of string) {
	switch kind(r.Op) {
	case "getData", "getChildren", "check":
		return mayRead, r.Path
	case opSet:
		return mayWrite, r.Path
	case opCreate:
		return mayCreate, path.Dir(r.Path)
	case opDelete:
		return mayDelete, path.Dir(r.Path)
	case "setACL":
		return mayAdmin, r.Path
	}
	return 0, ""
}

// rightful checks that servers carried out only operations to which the client had the right, and
// refused with NoAuth only operations to which it had none.
func (j *judge) rightful(c *conn, v *view, r *reply) {
	q := r.request
	if q.writes() && !q.quorum() {
		return
	}
	q.parts(func(of history.Request, got history.Reply) {
		need, path := right(of)
		if need == 0 || boot(path) || q.changesRights(path) {
			return
		}
		var refused bool
		switch got.Error {
		case errNoAuth:
			refused = true
		case 0, -103, -110, -111: // errors that servers check after the rights: bad version, node exists, not empty
		default:
			return
		}
		lists, known := j.rightsAt(path, v, r)
		if !known {
			return
		}
		may, must := c.allowed(q, lists, need)
		j.Report[Rights].count("checked", 1)
		if !must {
			j.Report[Rights].count("kept", 1)
		}
		switch {
		case refused && must:
			j.broken(Rights, append(q.events(), c.proofs(q)...), "%s was refused for want of a right, though the znode %s gives the right to %s to %s",
				told(c, r), path, rightNames[need], c.identity(q))
		case !refused && !may:
			j.broken(Rights, append(q.events(), c.proofs(q)...), "%s is no refusal, though the znode %s does not give the right to %s to %s",
				told(c, r), path, rightNames[need], c.identity(q))
		}
	})
}

// changesRights reports whether a multi creates, deletes or changes a znode on which it needs
// a right.
func (q *request) changesRights(path string) bool {
	return slices.ContainsFunc(q.Parts, func(p history.Request) bool {
		k := kind(p.Op)
		return p.Path == path && (k == opCreate || k == opDelete || k == "setACL")
	})
}

// rightsAt returns the lists by which a reply may have been decided: for a write the list before
// it, for a read each list in a view that the read can show.
func (j *judge) rightsAt(path string, v *view, r *reply) (lists []rights, known bool) {
	p := j.past(path)
	if p == nil || j.log == nil && (j.Denied || j.Removed || p.unsure) {
		return nil, false
	}
	from, to := v.lower, min(r.ceiling, history.ID(math.MaxInt64))
	switch {
	case r.request.writes():
		from, to = r.zxid-1, r.zxid-1
	case j.log != nil:
		to = min(to, j.log.committed(r.at))
	}
	first := sort.Search(len(p.rights), func(i int) bool { return p.rights[i].from > from }) - 1
	if first < 0 {
		return nil, false
	}
	last := sort.Search(len(p.rights), func(i int) bool { return p.rights[i].from > to })
	lists = p.rights[first:max(last, first+1)]
	return lists, !slices.ContainsFunc(lists, func(l rights) bool { return l.gone })
}

// allowed reports whether any of the lists can give the sender of a request a right, and whether each
// of them certainly does.
func (c *conn) allowed(q *request, lists []rights, need int32) (may, must bool) {
	must = true
	for _, l := range lists {
		can, does := c.passes(q, l.list, need)
		may, must = may || can, must && does
	}
	return may, must
}

// passes is like allowed, for one list.
func (c *conn) passes(q *request, list []history.TxnACL, need int32) (may, must bool) {
	if list == nil {
		return true, true
	}
	for _, one := range list {
		if one.Perms&need == 0 {
			continue
		}
		can, does := c.is(q, one)
		may, must = may || can, must || does
	}
	return may || c.claims(q, "digest:super"), must
}

// is reports whether an entry of a list can match the sender of a request, and whether it certainly does.
func (c *conn) is(q *request, one history.TxnACL) (may, must bool) {
	switch one.Scheme {
	case "world":
		return true, true
	case "ip": // the servers' view of the client's address is not known, but it is never an address for documentation
		return !strings.HasPrefix(one.ID, "192.0.2."), false
	case "digest":
		user, _, _ := strings.Cut(one.ID, ":")
		return c.claims(q, "digest:"+user), c.proved(q, "digest:"+user)
	}
	return true, false
}

// claims reports whether a client had sent an authentication before a request (may), and whether a
// server had certainly accepted it (must).
func (c *conn) claims(q *request, who string) bool {
	return slices.ContainsFunc(c.auths, func(a *request) bool { return a.Auth == who && a.index < q.index })
}

func (c *conn) proved(q *request, who string) bool {
	return slices.ContainsFunc(c.auths, func(a *request) bool {
		return a.Auth == who && a.reply != nil && a.reply.Error == 0 && a.reply.index < q.index
	})
}

// proofs returns the events that show as whom a client was authenticated when it sent a request.
func (c *conn) proofs(q *request) (events []int) {
	for _, a := range c.auths {
		if a.index < q.index {
			events = append(events, a.events()...)
		}
	}
	return events
}

// identity describes as whom a client was authenticated when it sent a request.
func (c *conn) identity(q *request) string {
	var all []string
	for _, a := range c.auths {
		if a.index < q.index {
			all = append(all, a.Auth)
		}
	}
	if len(all) == 0 {
		return "a client that has not authenticated"
	}
	return "a client that is " + strings.Join(all, " and ")
}
