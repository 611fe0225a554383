// Package securefront is a proxy that secures a server: it requires TLS, and authentication as a server with
// enforce.auth.enabled does. With it, tests get a secured ensemble of embedded servers, which have no SASL.
package securefront

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/zklab/zklab/internal/base/digestmd5"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Config says what a front requires. The zero value admits every client.
type Config struct {
	TLS *tls.Config
	// SASL maps the users of DIGEST-MD5 to their passwords; nil: the front answers as a server without SASL
	// does.
	SASL map[string]string
	// Schemes lists authentication schemes. A client must use one of them before other requests, unless the list is empty.
	Schemes []string
	// Users lists the users of scheme digest, as user:password. nil leaves the check to the server.
	Users []string
}

// Listen opens a front before the server at an address, for the time of a test, and returns its own address.
func Listen(t testing.TB, server string, c Config) (addr string) {
	t.Helper()
	l := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	addr = l.Addr().String()
	if c.TLS != nil {
		l = tls.NewListener(l, c.TLS)
	}
	f := &front{Config: c, server: server, open: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { f.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		f.close()
		all.Wait()
	})
	return addr
}

type front struct {
	Config
	server string

	mu     sync.Mutex
	closed bool
	open   map[net.Conn]bool
}

func (f *front) add(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[c] = true
	return !f.closed
}

func (f *front) end(c net.Conn) {
	c.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, c)
}

func (f *front) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for c := range f.open {
		c.Close()
	}
}

// serve passes bytes on between a client and the server, until one of them ends.
func (f *front) serve(client net.Conn) {
	defer f.end(client)
	server, err := net.Dial("tcp", f.server)
	if err != nil {
		return
	}
	defer f.end(server)
	if !f.add(client) || !f.add(server) {
		return
	}
	in := bufio.NewReader(client)
	first, err := in.Peek(4)
	if err != nil {
		return
	}
	if first[0] != 0 { // a four-letter word
		go io.Copy(server, in)
		io.Copy(client, server)
		return
	}
	s := &session{front: f, client: client, server: server}
	if body, err := wire.ReadFrame(in, nil, 0); err != nil || wire.WriteFrame(server, body) != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { s.answers(bufio.NewReader(server)) })
	for s.request(in) == nil {
	}
	client.Close()
	server.Close()
	back.Wait()
}

// session is a client's connection, which carries a session.
type session struct {
	*front
	client, server net.Conn
	proved         []string // schemes
	sasl           digestmd5.Server
	begun          bool // SASL

	writing sync.Mutex // to the client
}

func (s *session) reply(body []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return wire.WriteFrame(s.client, body)
}

func (s *session) answers(in *bufio.Reader) {
	for {
		body, err := wire.ReadFrame(in, nil, 0)
		if err != nil || s.reply(body) != nil {
			s.client.Close()
			return
		}
	}
}

// request handles a request of the client. The error ends the connection.
func (s *session) request(in *bufio.Reader) error {
	body, err := wire.ReadFrame(in, nil, 0)
	if err != nil {
		return err
	}
	h, record, err := wire.DecodeRequestHeader(body)
	if err != nil {
		return err
	}
	request, _ := wire.DecodeRequest(h.Op, record)
	switch r := request.(type) {
	case *wire.SASLRequest:
		return s.step(h, r.Token)
	case *wire.AuthRequest:
		if r.Scheme == "digest" && s.Users != nil && !slices.Contains(s.Users, string(r.Auth)) {
			return s.refuse(h, wire.AuthFailed)
		}
		s.proved = append(s.proved, r.Scheme)
	default:
		if h.Op != wire.Ping && h.Op != wire.CloseSession && !s.admitted() {
			return s.refuse(h, wire.SessionClosedAuth)
		}
	}
	return wire.WriteFrame(s.server, body)
}

func (s *session) admitted() bool {
	for _, scheme := range s.Schemes {
		if slices.Contains(s.proved, scheme) {
			return true
		}
	}
	return len(s.Schemes) == 0
}

// step answers the next message of SASL.
func (s *session) step(h wire.RequestHeader, token []byte) error {
	var answer []byte
	switch {
	case s.SASL == nil:
	case !s.begun:
		s.begun = true
		s.sasl = digestmd5.Server{Users: s.SASL, Realm: "zk-sasl-md5", URI: "zookeeper/zk-sasl-md5"}
		answer = s.sasl.Challenge()
	default:
		proof, ok := s.sasl.Check(token)
		if !ok {
			return s.refuse(h, wire.AuthFailed)
		}
		s.proved, answer = append(s.proved, "sasl"), proof
	}
	return s.reply(wire.AppendBuffer(wire.ReplyHeader{Xid: h.Xid}.Append(nil), answer))
}

func (s *session) refuse(h wire.RequestHeader, code wire.Code) error {
	if err := s.reply(wire.ReplyHeader{Xid: h.Xid, Err: code}.Append(nil)); err != nil {
		return err
	}
	return code
}
