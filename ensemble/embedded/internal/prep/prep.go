package prep

import (
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Request is a request from which a leader is to make a transaction.
type Request struct {
	Session int64
	Cxid    int32
	Op      wire.Op
	// Record comes from wire.DecodeRequest; it is nil for CreateSession and
	// CloseSession. A record that Op does not have gives MarshallingError, so
	// leave it nil for one that could not be decoded.
	Record  any
	Timeout time.Duration // of CreateSession
	Auth    []wire.ID     // who the client is: the address, and what it has proved
	Time    int64         // the leader's clock, milliseconds since 1970
	// Refused is the leader's opinion of the session: OK, SessionExpired of one
	// that is closing or not known, SessionMoved of one that belongs to another
	// server by now. It is the error of the request unless another comes first.
	Refused wire.Code
}

// Prep makes transactions for one term of a leader. It is not safe for
// concurrent use.
type Prep struct {
	// NoTTL refuses znodes with a TTL with Unimplemented, as a server without
	// zookeeper.extendedTypesEnabled does.
	NoTTL bool
	// EnforceQuota refuses changes beyond the hard limit of a quota.
	EnforceQuota bool
	// Membership gives the text of /zookeeper/config after a reconfiguration with
	// that zxid, or its error. nil refuses all with ReconfigDisabled.
	Membership func(r *wire.ReconfigRequest, zxid int64) (string, wire.Code)

	outstanding
	zxid     int64 // of the request that is being prepared
	changing int64 // zxid of a reconfiguration that is under way, 0 if none is
	// childless are the containers that this request makes with the mode of an
	// ephemeral: the rest of its multi cannot create anything below them.
	childless []string
}

// New begins a term with the tree that all its transactions will be applied to.
func New(t *tree.Tree) *Prep { return &Prep{outstanding: newOutstanding(t)} }

// Prepare makes the transaction of a request. It never fails: a refused request
// gives a Failure, and a refused multi a Multi of Failures.
func (p *Prep) Prepare(r *Request, zxid int64) *tree.Txn {
	p.zxid = zxid
	p.begin()
	p.childless = p.childless[:0]
	x := &tree.Txn{Zxid: zxid, Session: r.Session, Cxid: r.Cxid, Time: r.Time, Op: r.Op}
	body, code := p.body(r)
	if code != wire.OK {
		p.rollback()
		body = tree.Failure{Code: code}
	}
	x.Body = body
	return x
}

// Applied records that the tree has applied the transaction zxid, and all before it.
func (p *Prep) Applied(zxid int64) {
	p.forget(zxid)
	if p.changing <= zxid {
		p.changing = 0
	}
}

func (p *Prep) body(r *Request) (tree.Body, wire.Code) {
	switch r.Op {
	case wire.CreateSession:
		return &tree.CreateSession{Timeout: r.Timeout}, wire.OK
	case wire.CloseSession:
		return p.closeSession(r.Session), wire.OK
	case wire.Reconfig:
		return p.reconfigure(r)
	}
	if ops, ok := r.Record.([]wire.MultiOp); ok {
		return p.multi(r, ops)
	}
	return p.change(r, r.Op, r.Record)
}

// change prepares a request that can also be a part of a multi.
func (p *Prep) change(r *Request, op wire.Op, record any) (tree.Body, wire.Code) {
	switch q := record.(type) {
	case *wire.CreateRequest:
		return p.create(r, op, q)
	case *wire.SetDataRequest:
		return p.setData(r, q)
	case *wire.SetACLRequest:
		return p.setACL(r, q)
	case *wire.VersionRequest:
		if op == wire.Check {
			return p.check(r, q)
		}
		return p.delete(r, q)
	case *wire.PathRequest:
		return p.deleteContainer(q)
	case *tree.SetSequence:
		return p.setSequence(q)
	}
	return nil, wire.MarshallingError
}
