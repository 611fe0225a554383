package wire

// Path returns the path of the znode that a request is about (for a multi, the first one), or "" if it
// is about none. record is what follows the header.
func Path(op Op, record []byte) (string, error) {
	d := Decoder{rest: record}
	switch {
	case op == Multi || op == MultiRead:
		path, _ := d.skipOp()
		return string(path), d.err
	case beginsWithPath(op):
		path := d.String()
		return path, d.err
	}
	return "", nil
}

// Paths returns every znode that a request names: those of a multi in its order, one or none for other
// requests. If the record is damaged, it returns an error and the paths before the damage.
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
		path, more := d.skipOp()
		if !more {
			return paths, d.err
		}
		paths = append(paths, string(path))
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

// skipOp skips one operation of a multi, and returns only its path; more is false at the end of the
// list, and after an error.
func (d *Decoder) skipOp() (path []byte, more bool) {
	h := d.multiHeader()
	if d.err != nil || h.Done {
		return nil, false
	}
	path = d.Buffer()
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
	for range d.Count(smallestACL) {
		d.Int()
		d.Buffer()
		d.Buffer()
	}
	d.Int()
}
