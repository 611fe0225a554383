package wire

import "time"

// PasswordSize is the length of a session's password.
const PasswordSize = 16

// ConnectRequest is the first frame that a client sends. With Session 0, it asks for a new session.
type ConnectRequest struct {
	Protocol int32
	LastZxid int64 // the highest zxid that the client has seen
	Timeout  time.Duration
	Session  int64
	Password []byte

	// HasReadOnly means that the request has the byte ReadOnly, so that it has 45 bytes instead of 44.
	HasReadOnly bool
	ReadOnly    bool
}

// DecodeConnectRequest reads a whole body.
func DecodeConnectRequest(body []byte) (ConnectRequest, error) {
	d := Decoder{rest: body}
	r := ConnectRequest{Protocol: d.Int(), LastZxid: d.Long(), Timeout: d.millis(), Session: d.Long(), Password: d.password()}
	r.HasReadOnly, r.ReadOnly = d.readOnly()
	return r, d.err
}

// Append appends the body to b.
func (r ConnectRequest) Append(b []byte) []byte {
	b = AppendInt(b, r.Protocol)
	b = AppendLong(b, r.LastZxid)
	b = appendMillis(b, r.Timeout)
	b = AppendLong(b, r.Session)
	b = AppendBuffer(b, r.Password)
	return appendReadOnly(b, r.HasReadOnly, r.ReadOnly)
}

// ConnectResponse is the first frame that a server sends.
type ConnectResponse struct {
	Protocol int32
	Timeout  time.Duration // negotiated; 0 refuses the session
	Session  int64
	Password []byte

	// HasReadOnly means that the response has the byte ReadOnly, as the request did, so that it has 37
	// bytes instead of 36.
	HasReadOnly bool
	ReadOnly    bool
}

// Refused reports whether the server rejects the session: it does not know the session (any longer), or
// the password is wrong.
func (r ConnectResponse) Refused() bool { return r.Timeout <= 0 || r.Session == 0 }

// DecodeConnectResponse reads a whole body.
func DecodeConnectResponse(body []byte) (ConnectResponse, error) {
	d := Decoder{rest: body}
	r := ConnectResponse{Protocol: d.Int(), Timeout: d.millis(), Session: d.Long(), Password: d.password()}
	r.HasReadOnly, r.ReadOnly = d.readOnly()
	return r, d.err
}

// Append appends the body to b.
func (r ConnectResponse) Append(b []byte) []byte {
	b = AppendInt(b, r.Protocol)
	b = appendMillis(b, r.Timeout)
	b = AppendLong(b, r.Session)
	b = AppendBuffer(b, r.Password)
	return appendReadOnly(b, r.HasReadOnly, r.ReadOnly)
}

func (d *Decoder) millis() time.Duration { return time.Duration(d.Int()) * time.Millisecond }

func appendMillis(b []byte, v time.Duration) []byte { return AppendInt(b, int32(v.Milliseconds())) }

// password returns a copy, so that a session's password outlives the buffer that it came in.
func (d *Decoder) password() []byte {
	p := d.Buffer()
	if p == nil {
		return nil
	}
	return append(make([]byte, 0, len(p)), p...)
}

// readOnly reads the last byte, which older clients and servers leave out.
func (d *Decoder) readOnly() (has, value bool) {
	if d.err != nil || len(d.rest) == 0 {
		return false, false
	}
	return true, d.Bool()
}

func appendReadOnly(b []byte, has, value bool) []byte {
	if !has {
		return b
	}
	return AppendBool(b, value)
}
