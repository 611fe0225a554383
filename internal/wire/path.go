package wire

// Path returns the znode that a request is about, the first one of a multi;
// "" for requests about none. record is what follows the header.
func Path(op Op, record []byte) (string, error) {
	d := Decoder{rest: record}
	switch {
	case op == Multi || op == MultiRead:
		path, _ := d.multiOp()
		return path, d.err
	case beginsWithPath(op):
		path := d.String()
		return path, d.err
	}
	return "", nil
}

// Paths returns every znode that a request names: those of a multi in its
// order, one or none for the others. With an error it returns those before
// the damage.
func Paths(op Op, record []byte) ([]string, error) {
	if op != Multi && op != MultiRead {
		path, err := Path(op, record)
		if path == "" {
			return nil, err
		}
		return []string{path}, err
	}
	d := Decoder{rest: record}
	var paths []string
	for {
		path, more := d.multiOp()
		if !more || d.err != nil {
			return paths, d.err
		}
		paths = append(paths, path)
	}
}

func beginsWithPath(op Op) bool {
	switch op {
	case Create, Create2, CreateContainer, CreateTTL, Delete, DeleteContainer, Exists, GetData, SetData,
		GetACL, SetACL, GetChildren, GetChildren2, Sync, Check, CheckWatches, RemoveWatches, AddWatch,
		GetEphemerals, GetAllChildrenNumber:
		return true
	}
	return false
}

// multiHeader precedes each operation of a multi, and each result of its reply.
type multiHeader struct {
	Op   Op
	Done bool // the end of the list
	Err  Code
}

func (d *Decoder) multiHeader() multiHeader {
	return multiHeader{Op: Op(d.Int()), Done: d.Bool(), Err: Code(d.Int())}
}

// multiOp reads one operation of a multi and returns its path; more is false
// at the end of the list.
func (d *Decoder) multiOp() (path string, more bool) {
	h := d.multiHeader()
	if d.err != nil || h.Done {
		return "", false
	}
	path = d.String()
	switch h.Op {
	case Create, Create2, CreateContainer:
		d.skipCreate()
	case CreateTTL:
		d.skipCreate()
		d.Long()
	case Delete, Check:
		d.Int()
	case SetData:
		d.Buffer()
		d.Int()
	case GetData, GetChildren:
		d.Bool()
	default:
		d.fail("a multi holds %s", h.Op)
	}
	return path, d.err == nil
}

// skipCreate reads what follows the path: data, access control list, flags.
func (d *Decoder) skipCreate() {
	d.Buffer()
	const smallest = 12 // permissions and two empty strings
	for range d.Count(smallest) {
		d.Int()
		d.Buffer()
		d.Buffer()
	}
	d.Int()
}

// MultiResult returns what a multi came to: OK, or the code of the operation
// that failed. record is what follows the header of the reply, or the
// beginning of it. ok is false if it does not tell: a multi of no operations
// (for which a leader looks at nothing), or a record cut off before the cause.
//
// On failure every result is an error: 0 for the operations before the one
// that failed, its code, and -2 for those after it.
func MultiResult(record []byte) (err Code, ok bool) {
	d := Decoder{rest: record}
	for {
		h := d.multiHeader()
		if d.err != nil || h.Done {
			return OK, false
		}
		if h.Op != errorOp {
			return OK, true
		}
		if code := Code(d.Int()); d.err == nil && code != OK {
			return code, true
		}
	}
}
