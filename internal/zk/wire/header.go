package wire

// Transaction ids (xids) with a meaning of their own. Clients may instead send auth and setWatches with
// ordinary xids, and the replies then have those.
const (
	XidEvent      int32 = -1 // a watch event, which is not a reply
	XidPing       int32 = -2
	XidAuth       int32 = -4
	XidSetWatches int32 = -8
)

// RequestHeader begins every request but the first of a connection.
type RequestHeader struct {
	Xid int32
	Op  Op
}

// DecodeRequestHeader reads the header of a request and returns the record after it.
func DecodeRequestHeader(body []byte) (RequestHeader, []byte, error) {
	d := Decoder{rest: body}
	h := RequestHeader{Xid: d.Int(), Op: Op(d.Int())}
	return h, d.rest, d.err
}

// Append appends the header to b.
func (h RequestHeader) Append(b []byte) []byte {
	return AppendInt(AppendInt(b, h.Xid), int32(h.Op))
}

// ReplyHeader begins every reply but the first of a connection, and every event.
type ReplyHeader struct {
	Xid  int32
	Zxid int64 // of the write; for a read, at least that of the last change it includes
	Err  Code
}

// DecodeReplyHeader reads the header of a reply and returns the record after it.
func DecodeReplyHeader(body []byte) (ReplyHeader, []byte, error) {
	d := Decoder{rest: body}
	h := ReplyHeader{Xid: d.Int(), Zxid: d.Long(), Err: Code(d.Int())}
	return h, d.rest, d.err
}

// Append appends the header to b.
func (h ReplyHeader) Append(b []byte) []byte {
	return AppendInt(AppendLong(AppendInt(b, h.Xid), h.Zxid), int32(h.Err))
}
