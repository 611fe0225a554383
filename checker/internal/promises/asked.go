package promises

import (
	"math"

	"github.com/zklab/zklab/history"
)

// This file compares requests with their answers, and with what replies show. It does not
// need the transactions.

// versionAsked checks that a write of data with an expected version made the next version
// ("Programmer's Guide, ZNodes": an update whose version is not the actual one fails).
func (j *judge) versionAsked(q *request) {
	q.parts(func(r history.Request, got history.Reply) {
		if kind(r.Op) != opSet || got.Stat == nil || !asksVersion(r) || got.Stat.Version == *r.Version+1 {
			return
		}
		j.broken(Durable, q.events(), "client %d's %s, sent at %s, asked for version %d, and succeeded though it made version %d",
			q.conn.client, q.name(), at(q.at), *r.Version, got.Stat.Version)
	})
}

// asksVersion reports whether a request expects a version that is not the last possible one.
func asksVersion(r history.Request) bool {
	return r.Version != nil && *r.Version >= 0 && *r.Version < math.MaxInt32
}

// versionDeleted checks, where the transactions are known, that a delete with an expected
// version found that version.
func (j *judge) versionDeleted(q *request) {
	if kind(q.Op) != opDelete || !asksVersion(q.Request) || q.txn == nil || q.txn.Refused() || j.past(q.Path) == nil {
		return
	}
	p := j.past(q.Path)
	if v := p.versions[p.in(q.txn.Zxid-1)]; v.present && v.number != *q.Version {
		j.broken(Durable, q.events(), "client %d's %s, sent at %s, asked for version %d, and succeeded though the znode had version %d",
			q.conn.client, q.name(), at(q.at), *q.Version, v.number)
	}
}

// owned checks that a znode belongs to the session that created it if it was created as an
// ephemeral one, and to none if it was created as a persistent one.
func (j *judge) owned(c *conn, r *reply, of *content) {
	p := j.past(of.path)
	if of.stat == nil || p == nil {
		return
	}
	m := p.behind(of.stat.Czxid-1, created)
	if m == nil || m.zxid != of.stat.Czxid || m.by == nil {
		return
	}
	owner, ok := m.by.ownerOf(of.path)
	switch {
	case !ok || owner == of.stat.Owner:
	case owner == 0:
		j.broken(Ephemeral, append(m.shown(), r.request.events()...), "%s shows session %s as the owner, though %s created a persistent znode", told(c, r), of.stat.Owner, m.wrote())
	default:
		j.broken(Ephemeral, append(m.shown(), r.request.events()...), "%s shows %s as the owner, though %s created it as an ephemeral znode of session %s", told(c, r), ownerName(of.stat.Owner), m.wrote(), owner)
	}
}

// ownerOf returns the session to which a request gave a znode that it made, 0 for none.
func (q *request) ownerOf(path string) (owner history.ID, known bool) {
	if q.reply == nil {
		return 0, false
	}
	q.parts(func(r history.Request, got history.Reply) {
		made := r.Path
		if got.Path != "" {
			made = got.Path
		}
		if made != path || r.Op != opCreate && r.Op != "create2" { // other creates have owners of their own
			return
		}
		if owner, known = 0, true; r.Ephemeral {
			owner = q.conn.id
		}
	})
	return owner, known
}

func ownerName(id history.ID) string {
	if id == 0 {
		return "no session"
	}
	return "session " + id.String()
}

// writing is a request's write to a path.
type writing struct{ path, data string }

// writings calls each with everything that a request was to write, as far as it is
// known.
func (q *request) writings(each func(writing)) {
	for _, r := range append(q.Parts, q.Request) {
		if k := kind(r.Op); (k == opCreate || k == opSet) && !r.Sequential && len(r.Data) > 0 {
			each(writing{r.Path, string(r.Data)})
		}
	}
}

// findRefused collects the writes that were only in refused requests.
func (j *judge) findRefused() {
	j.refused = map[writing]*request{}
	for _, q := range j.requests {
		if q.answer() == refused {
			q.writings(func(w writing) { j.refused[w] = q })
		}
	}
	for _, q := range j.requests {
		if q.answer() != refused {
			q.writings(func(w writing) { delete(j.refused, w) })
		}
	}
}

// leftNothing checks that no reply shows the effect of a refused request ("Programmer's Guide,
// Consistency Guarantees, Atomicity").
func (j *judge) leftNothing(c *conn, r *reply, of *content) {
	if !of.hasData {
		return
	}
	if q := j.refused[writing{of.path, string(of.data)}]; q != nil {
		j.broken(Atomic, append(q.events(), r.request.events()...), "%s shows the data that client %d's %s, sent at %s, was to write, though that was refused",
			told(c, r), q.conn.client, q.name(), at(q.at))
	}
}
