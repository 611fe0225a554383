package secure

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/internal/base/digestmd5"
	"github.com/zklab/zklab/internal/zk/wire"
)

// SASL is the scheme of credentials that are proved by SASL's DIGEST-MD5. ZooKeeper calls the users of SASL
// so in access control lists.
const SASL = "sasl"

// Credential proves who a client is: {"digest", "user:password"}, or {"sasl", "user:password"}.
type Credential struct {
	Scheme string
	Auth   string
}

// ParseCredential reads scheme:credential. Its error does not repeat the text, which has a password.
func ParseCredential(text string) (Credential, error) {
	scheme, auth, ok := strings.Cut(text, ":")
	user, _, two := strings.Cut(auth, ":")
	switch {
	case !ok || scheme == "" || strings.ContainsAny(scheme, " \t"):
		return Credential{}, errors.New("give scheme:credential, such as digest:user:password")
	case (scheme == SASL || scheme == "digest") && (!two || user == ""):
		return Credential{}, fmt.Errorf("give %s:user:password", scheme)
	}
	return Credential{scheme, auth}, nil
}

// ParseCredentials reads a text with a credential on each line. Empty lines, and lines that begin with
// a #, are left out. Its error names the number of a line.
func ParseCredentials(text string) (all []Credential, err error) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		c, err := ParseCredential(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("it has no credential: give a line such as digest:user:password")
	}
	return all, nil
}

// Who names the identity without its secret.
func (c Credential) Who() string {
	if user, _, ok := strings.Cut(c.Auth, ":"); ok && (c.Scheme == "digest" || c.Scheme == SASL) {
		return c.Scheme + " user " + user
	}
	return "the credential of scheme " + c.Scheme
}

// AuthError means that a server did not accept a credential. It wraps the server's answer.
type AuthError struct {
	Who    string // the identity, without its secret
	Reason string
	Code   wire.Code
}

func (e *AuthError) Error() string { return fmt.Sprintf("authenticate as %s: %s", e.Who, e.Reason) }
func (e *AuthError) Unwrap() error { return e.Code }

// The reasons of an AuthError.
const (
	reasonRejected   = "the server rejects it: check the scheme, the user and the password"
	reasonNoSASL     = "the server does not offer SASL: it has no JAAS configuration, or authProvider.sasl is not set"
	reasonImpostor   = "the server does not know the password either: its answer proves nothing"
	reasonNoPlainMD5 = "the server's SASL is not DIGEST-MD5"
)

func aroundAuth(auth []Credential, dial Dial) Dial {
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		inner, err := dial(network, addr, timeout)
		if err != nil {
			return nil, err
		}
		return newAuthConn(inner, auth), nil
	}
}

// authConn is a connection that sends credentials after the server's connect response, before the
// client sees it. What the client sends after its connect request waits meanwhile. After that, and for
// clients that do not begin a session, it passes everything on.
//
// It has no goroutine: the client's own Read does this work. A deadline interrupts it, and the next
// Read continues. Only one goroutine at a time may Read.
type authConn struct {
	net.Conn
	auth []Credential

	open atomic.Bool // everything passes

	mu    sync.Mutex
	head  []byte // the client's first four bytes, as far as they have been sent
	left  int    // number of bytes of the connect request that are still to come
	held  []byte // what the client sent after the connect request
	came  []byte // bytes from the server that were not yet examined
	begun bool   // the server has accepted the session
	at    int    // the index in auth of the credential that is being sent
	sasl  *digestmd5.Client
	kept  []byte // frames for the client, to be passed on once the connection is open

	ready []byte // for the client
	err   error  // the error of all later Reads
	buf   []byte
}

func newAuthConn(inner net.Conn, auth []Credential) *authConn {
	return &authConn{Conn: inner, auth: auth, buf: make([]byte, 1<<10)}
}

const (
	// longestRequest is longer than any connect request. Four bytes that give a larger length are a four-letter
	// word instead.
	longestRequest = 1 << 20
	// longestAnswer is longer than any answer before the client's first request.
	longestAnswer = 16 << 20
	// saslXid is the xid of SASL requests. After them, clients begin with 1.
	saslXid int32 = 0
)

// Write passes the connect request on, and holds back what comes after it.
func (c *authConn) Write(b []byte) (int, error) {
	if c.open.Load() {
		return c.Conn.Write(b)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open.Load() {
		return c.Conn.Write(b)
	}
	n := min(4-len(c.head), len(b))
	c.head = append(c.head, b[:n]...)
	if n > 0 && len(c.head) == 4 {
		if c.left = int(int32(binary.BigEndian.Uint32(c.head))); c.left < 0 || c.left > longestRequest {
			c.open.Store(true)
			return c.Conn.Write(b)
		}
	}
	body := min(c.left, len(b)-n)
	c.left -= body
	if wrote, err := c.Conn.Write(b[:n+body]); err != nil {
		return wrote, err
	}
	c.held = append(c.held, b[n+body:]...)
	return len(b), nil
}

// Read sends the remaining credentials before it passes data on. If the server rejects one, the error is an
// [AuthError].
func (c *authConn) Read(b []byte) (int, error) {
	for {
		switch {
		case len(c.ready) > 0:
			n := copy(b, c.ready)
			c.ready = c.ready[n:]
			return n, nil
		case c.err != nil:
			return 0, c.err
		case c.open.Load():
			return c.Conn.Read(b)
		}
		n, err := c.Conn.Read(c.buf)
		if n > 0 {
			c.err = c.receive(c.buf[:n])
			continue // the next Read handles the rest
		}
		if err != nil {
			return 0, err
		}
	}
}

// CloseWrite closes the direction to the server, if the network supports it.
func (c *authConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// SetLinger makes Close reset the connection if sec is 0 and the network supports it.
func (c *authConn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		return tcp.SetLinger(sec)
	}
	return errors.ErrUnsupported
}

// receive handles what the server sent.
func (c *authConn) receive(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open.Load() { // the client does not begin a session
		c.ready = append(c.ready, b...)
		return nil
	}
	c.came = append(c.came, b...)
	for !c.open.Load() {
		frame := cutFrame(c.came)
		if frame == nil {
			return c.tooLong()
		}
		c.came = c.came[len(frame):]
		var err error
		if !c.begun {
			err = c.connected(frame)
		} else {
			err = c.answered(frame)
		}
		if err != nil {
			return err
		}
	}
	c.ready = append(c.kept, c.came...)
	c.kept, c.came = nil, nil
	return nil
}

// tooLong opens the connection if the server's data is not a frame.
func (c *authConn) tooLong() error {
	if len(c.came) < 4 {
		return nil
	}
	if n := int32(binary.BigEndian.Uint32(c.came)); n >= 0 && n <= longestAnswer {
		return nil
	}
	c.ready = append(c.kept, c.came...)
	return c.pass()
}

// cutFrame returns the first frame, with its length; nil if the frame is not complete.
func cutFrame(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	n := int64(int32(binary.BigEndian.Uint32(b)))
	if n < 0 || n > longestAnswer || int64(len(b)) < 4+n {
		return nil
	}
	return b[:4+n]
}

// connected handles the connect response.
func (c *authConn) connected(frame []byte) error {
	c.kept = append(c.kept, frame...)
	response, err := wire.DecodeConnectResponse(frame[4:])
	if err != nil || response.Refused() {
		return c.pass()
	}
	c.begun = true
	return c.give()
}

// pass lets everything through from now on.
func (c *authConn) pass() error {
	held := c.held
	c.held = nil
	c.open.Store(true)
	if len(held) == 0 {
		return nil
	}
	_, err := c.Conn.Write(held)
	return err
}

// give sends the next credential; if there is none, it opens the connection.
func (c *authConn) give() error {
	if c.at == len(c.auth) {
		return c.pass()
	}
	now := c.auth[c.at]
	if now.Scheme != SASL {
		return c.send(wire.RequestHeader{Xid: wire.XidAuth, Op: wire.Auth},
			wire.AuthRequest{Scheme: now.Scheme, Auth: []byte(now.Auth)}.Append(nil))
	}
	user, password, _ := strings.Cut(now.Auth, ":")
	c.sasl = &digestmd5.Client{User: user, Password: password, URI: "zookeeper/zk-sasl-md5"}
	return c.send(wire.RequestHeader{Xid: saslXid, Op: wire.SASL}, wire.SASLRequest{Token: []byte{}}.Append(nil))
}

func (c *authConn) send(h wire.RequestHeader, record []byte) error {
	_, err := c.Conn.Write(wire.AppendFrame(nil, append(h.Append(nil), record...)))
	return err
}

// answered handles a frame that comes while a credential is being sent.
func (c *authConn) answered(frame []byte) error {
	now := c.auth[c.at]
	h, record, err := wire.DecodeReplyHeader(frame[4:])
	if err != nil {
		return err
	}
	want := wire.XidAuth
	if now.Scheme == SASL {
		want = saslXid
	}
	if h.Xid != want { // an event
		c.kept = append(c.kept, frame...)
		return nil
	}
	if h.Err != wire.OK {
		return &AuthError{Who: now.Who(), Reason: reasonRejected, Code: wire.AuthFailed}
	}
	if now.Scheme == SASL {
		if done, err := c.step(record); err != nil || !done {
			return err
		}
	}
	c.at++
	return c.give()
}

// step answers the server's next message of SASL.
func (c *authConn) step(record []byte) (done bool, err error) {
	who := c.auth[c.at].Who()
	d := wire.NewDecoder(record)
	challenge := d.Buffer()
	if challenge == nil {
		return false, &AuthError{Who: who, Reason: reasonNoSASL, Code: wire.AuthFailed}
	}
	response, err := c.sasl.Next(challenge)
	switch {
	case errors.Is(err, digestmd5.ErrServer):
		return false, &AuthError{Who: who, Reason: reasonImpostor, Code: wire.AuthFailed}
	case err != nil:
		return false, &AuthError{Who: who, Reason: reasonNoPlainMD5 + ": " + err.Error(), Code: wire.AuthFailed}
	case response == nil:
		return true, nil
	}
	return false, c.send(wire.RequestHeader{Xid: saslXid, Op: wire.SASL}, wire.SASLRequest{Token: response}.Append(nil))
}
