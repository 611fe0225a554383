package wire

import "fmt"

// A multi is a list of operations, and its reply a list of results. Each element has a header. The last
// header marks the end of the list.

// multiHeader precedes each operation of a multi, and each result of its reply.
type multiHeader struct {
	Op   Op
	Done bool // the end of the list
	Err  Code
}

func (d *Decoder) multiHeader() multiHeader {
	return multiHeader{Op: Op(d.Int()), Done: d.Bool(), Err: Code(d.Int())}
}

func (h multiHeader) append(b []byte) []byte {
	return AppendInt(AppendBool(AppendInt(b, int32(h.Op)), h.Done), int32(h.Err))
}

// multiEnd is the last header of requests and replies.
var multiEnd = multiHeader{Op: ErrorOp, Done: true, Err: -1}

// AppendMultiRequest appends the record of Multi or MultiRead.
func AppendMultiRequest(b []byte, ops []MultiOp) []byte {
	for _, o := range ops {
		b = multiHeader{Op: o.Op, Err: -1}.append(b)
		b = AppendRequest(b, o.Op, o.Request)
	}
	return multiEnd.append(b)
}

// multi reads the record of a Multi or a MultiRead, depending on kind.
func (d *Decoder) multi(kind Op) []MultiOp {
	ops := make([]MultiOp, 0, d.countOps())
	for {
		h := d.multiHeader()
		if d.err != nil || h.Done {
			return ops
		}
		ops = append(ops, d.operation(kind, h.Op))
	}
}

// countOps looks ahead, so that the list is made in the right size.
func (d Decoder) countOps() (n int) {
	for {
		if _, more := d.skipOp(); !more {
			return n
		}
		n++
	}
}

// operation reads one operation of a multi of a kind. Java's server accepts writes in a Multi and reads
// in a MultiRead, and answers anything else with a marshalling error.
func (d *Decoder) operation(kind, op Op) MultiOp {
	switch {
	case kind == Multi && op.Kind() == Create:
		return d.multiCreate(op)
	case kind == Multi && (op == Delete || op == Check):
		return MultiOp{op, d.versionRequest()}
	case kind == Multi && op == SetData:
		return MultiOp{op, d.request(op)}
	case kind == MultiRead && (op == GetData || op == GetChildren):
		r := &ReadRequest{Path: d.String(), Watch: d.Bool()}
		r.Watch = false // a multi-read never sets a watch, even if it asks for one
		return MultiOp{op, r}
	}
	d.fail("a %s holds %s", kind, op)
	return MultiOp{}
}

// multiCreate reads a create within a multi. There, Java's server goes by the mode: it treats a create with
// the mode of a container as CreateContainer, whatever its type, and a CreateTTL with another mode as a
// Create. An invalid mode, a mode that would need a TTL, and a null list of permissions are marshalling
// errors. In a CreateTTL, all these are left to the code that judges the request.
func (d *Decoder) multiCreate(op Op) MultiOp {
	r := d.createRequest(op)
	switch {
	case d.err != nil:
	case op == CreateTTL && r.Mode.known() && !r.Mode.hasTTL():
		op, r.TTL = Create, 0
	case op == CreateTTL:
	case !r.Mode.known() || r.Mode.hasTTL():
		d.fail("a %s of mode %d", op, r.Mode)
	case r.ACL == nil:
		d.fail("a %s without a list of permissions", op)
	}
	if r.Mode == Container {
		op = CreateContainer
	}
	return MultiOp{op, r}
}

func (m CreateMode) known() bool  { return m >= Persistent && m <= PersistentSequentialTTL }
func (m CreateMode) hasTTL() bool { return m == PersistentTTL || m == PersistentSequentialTTL }

// AppendMultiReply appends the record of a reply to Multi or MultiRead. It panics on a result of an Op
// that no multi holds.
func AppendMultiReply(b []byte, results []OpResult) []byte {
	for i := range results {
		r := &results[i]
		b = multiHeader{Op: r.wireOp(), Err: r.Err}.append(b)
		b = r.append(b)
	}
	return multiEnd.append(b)
}

// wireOp returns the operation code of a result. Every create that is answered with a stat counts as
// Create2.
func (r *OpResult) wireOp() Op {
	switch {
	case r.Err != OK:
		return ErrorOp
	case r.Op == CreateContainer, r.Op == CreateTTL:
		return Create2
	}
	return r.Op
}

func (r *OpResult) append(b []byte) []byte {
	switch r.wireOp() {
	case ErrorOp:
		return AppendInt(b, int32(r.Err))
	case Create, Create2:
		return AppendCreateReply(b, r.Op, CreateReply{Path: r.Path, Stat: r.Stat})
	case Delete, Check:
		return b
	case SetData:
		return r.Stat.Append(b)
	case GetData:
		return DataReply{Data: r.Data, Stat: r.Stat}.Append(b)
	case GetChildren:
		return appendStrings(b, r.Children)
	}
	panic(fmt.Sprintf("wire: a multi has no result of %s", r.Op))
}

// DecodeMultiReply reads the record of a reply to Multi or MultiRead. The results of CreateContainer
// and CreateTTL have the type Create2, as in the servers' answers.
func DecodeMultiReply(record []byte) ([]OpResult, error) {
	d := Decoder{rest: record}
	results := make([]OpResult, 0, d.countResults())
	for {
		h := d.multiHeader()
		if d.err != nil || h.Done {
			return results, d.err
		}
		results = append(results, d.result(h.Op))
	}
}

func (d *Decoder) result(op Op) OpResult {
	r := OpResult{Op: op}
	switch op {
	case ErrorOp:
		r.Err = Code(d.Int())
	case Create:
		r.Path = d.String()
	case Create2:
		r.Path, r.Stat = d.String(), d.stat()
	case Delete, Check:
	case SetData:
		r.Stat = d.stat()
	case GetData:
		r.Data, r.Stat = d.Buffer(), d.stat()
	case GetChildren:
		r.Children = d.strings()
	default:
		d.fail("a multi has a result of %s", op)
	}
	return r
}

// countResults looks ahead, so that the list is made in the right size.
func (d Decoder) countResults() (n int) {
	for {
		h := d.multiHeader()
		if h.Done || d.err != nil {
			return n
		}
		d.skipResult(h.Op)
		n++
	}
}

func (d *Decoder) skipResult(op Op) {
	switch op {
	case ErrorOp:
		d.Int()
	case Create:
		d.Buffer()
	case Create2, GetData:
		d.Buffer()
		d.take(statSize)
	case SetData:
		d.take(statSize)
	case GetChildren:
		for range d.Count(4) {
			d.Buffer()
		}
	case Delete, Check:
	default:
		d.err = ErrUnknownOp
	}
}

// MultiResult returns the result of a multi: OK, or the code of the operation that failed. record
// follows the header of the reply, and may be cut off. ok is false if the record does not show the
// result: a multi of no operations (for which a leader checks nothing), or a record that is cut off
// before the cause.
//
// On failure every result is an error: 0 for the operations before the one that failed, its code, and
// -2 for those after it.
func MultiResult(record []byte) (err Code, ok bool) {
	d := Decoder{rest: record}
	for {
		h := d.multiHeader()
		if d.err != nil || h.Done {
			return OK, false
		}
		if h.Op != ErrorOp {
			return OK, true
		}
		if code := Code(d.Int()); d.err == nil && code != OK {
			return code, true
		}
	}
}
