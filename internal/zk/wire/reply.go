package wire

// This file has the records after the headers of replies. A reply whose header has an error has no
// record, and neither have the replies to Delete, Auth, SetWatches, SetWatches2, RemoveWatches,
// CheckWatches, Ping and CloseSession. Data that a decoder returns is a part of its input.

// AppendCreateReply appends the record of a reply to a create of type op.
func AppendCreateReply(b []byte, op Op, r CreateReply) []byte {
	b = AppendString(b, r.Path)
	if op != Create {
		b = r.Stat.Append(b)
	}
	return b
}

// DecodeCreateReply reads the record of a reply to a create of type op.
func DecodeCreateReply(op Op, record []byte) (CreateReply, error) {
	d := Decoder{rest: record}
	r := CreateReply{Path: d.String()}
	if op != Create {
		r.Stat = d.stat()
	}
	return r, d.err
}

// DecodeStat reads the record of a reply to Exists, SetData or SetACL.
func DecodeStat(record []byte) (Stat, error) {
	d := Decoder{rest: record}
	s := d.stat()
	return s, d.err
}

// Append appends the record to b.
func (r DataReply) Append(b []byte) []byte { return r.Stat.Append(AppendBuffer(b, r.Data)) }

// DecodeDataReply reads the record of a reply to GetData or Reconfig.
func DecodeDataReply(record []byte) (DataReply, error) {
	d := Decoder{rest: record}
	r := d.dataReply()
	return r, d.err
}

func (d *Decoder) dataReply() DataReply { return DataReply{Data: d.Buffer(), Stat: d.stat()} }

// Append appends the record to b.
func (r ACLReply) Append(b []byte) []byte { return r.Stat.Append(appendACL(b, r.ACL)) }

// DecodeACLReply reads the record after the header of a reply to GetACL. The list must not be changed,
// since other replies may share it.
func DecodeACLReply(record []byte) (ACLReply, error) {
	d := Decoder{rest: record}
	r := ACLReply{ACL: d.acl(), Stat: d.stat()}
	return r, d.err
}

// AppendChildrenReply appends the record of a reply to GetChildren, GetChildren2 or GetEphemerals,
// depending on op.
func AppendChildrenReply(b []byte, op Op, r ChildrenReply) []byte {
	b = appendStrings(b, r.Children)
	if op == GetChildren2 {
		b = r.Stat.Append(b)
	}
	return b
}

// DecodeChildrenReply reads the record of a reply to GetChildren, GetChildren2 or GetEphemerals,
// depending on op.
func DecodeChildrenReply(op Op, record []byte) (ChildrenReply, error) {
	d := Decoder{rest: record}
	r := ChildrenReply{Children: d.strings()}
	if op == GetChildren2 {
		r.Stat = d.stat()
	}
	return r, d.err
}

// AppendChildrenNumberReply appends the record of a reply to GetAllChildrenNumber.
func AppendChildrenNumberReply(b []byte, n int) []byte { return AppendInt(b, int32(n)) }

// DecodeChildrenNumberReply reads the record of a reply to GetAllChildrenNumber: how many znodes there
// are below the path.
func DecodeChildrenNumberReply(record []byte) (int, error) {
	d := Decoder{rest: record}
	n := d.Int()
	return int(n), d.err
}

// AppendSyncReply appends the record of a reply to Sync: the path of the request.
func AppendSyncReply(b []byte, path string) []byte { return AppendString(b, path) }

// DecodeSyncReply reads the record of a reply to Sync.
func DecodeSyncReply(record []byte) (path string, err error) {
	d := Decoder{rest: record}
	path = d.String()
	return path, d.err
}

// AppendAddWatchReply appends the record of a reply to AddWatch: an error code, which is OK. Replies to
// other requests about watches have no record.
func AppendAddWatchReply(b []byte) []byte { return AppendInt(b, int32(OK)) }

// DecodeAddWatchReply reads the record of a reply to AddWatch.
func DecodeAddWatchReply(record []byte) (Code, error) {
	d := Decoder{rest: record}
	c := Code(d.Int())
	return c, d.err
}

// AppendWhoAmIReply appends the record of a reply to WhoAmI.
func AppendWhoAmIReply(b []byte, infos []ClientInfo) []byte {
	b = AppendInt(b, int32(len(infos)))
	for _, c := range infos {
		b = AppendString(AppendString(b, c.AuthScheme), c.User)
	}
	return b
}

// DecodeWhoAmIReply reads the record of a reply to WhoAmI.
func DecodeWhoAmIReply(record []byte) ([]ClientInfo, error) {
	const smallest = 8 // two empty strings
	d := Decoder{rest: record}
	infos := make([]ClientInfo, d.Count(smallest))
	for i := range infos {
		infos[i] = ClientInfo{AuthScheme: d.String(), User: d.String()}
	}
	return infos, d.err
}

// Append appends the record to b.
func (e WatchEvent) Append(b []byte) []byte {
	return AppendString(AppendInt(AppendInt(b, int32(e.Type)), e.State), e.Path)
}

// DecodeWatchEvent reads the record after a header with XidEvent.
func DecodeWatchEvent(record []byte) (WatchEvent, error) {
	d := Decoder{rest: record}
	e := WatchEvent{Type: EventType(d.Int()), State: d.Int(), Path: d.String()}
	return e, d.err
}
