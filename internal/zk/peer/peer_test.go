package peer

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
)

// listening serves each connection with a function, and returns its address.
func listening(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); serve(conn) }()
		}
	}()
	return l.Addr().String()
}

func started(t *testing.T, c embedded.Config) *embedded.Ensemble {
	t.Helper()
	e, err := embedded.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestGuess(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	admin := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(admin.Close)
	zoo := started(t, embedded.Config{Nodes: 1}).Addrs()[0]
	zooTLS := started(t, embedded.Config{Nodes: 1, TLS: &tls.Config{Certificates: secure.TLS.Certificates}}).Addrs()[0]
	half := started(t, embedded.Config{Nodes: 3})
	for _, s := range half.Servers()[:2] {
		if err := s.(ensemble.Killer).Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for { // the last server does not notice at once that the others are gone
		if _, err := ensemble.AskStatus(t.Context(), net.DialTimeout, half.Addrs()[2]); errors.Is(err, ensemble.ErrNotServing) {
			break
		}
	}
	closing := listening(t, func(c net.Conn) { c.Read(make([]byte, 1)) })
	mute := listening(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	alert := listening(t, func(c net.Conn) { // a TLS server that accepts none of our versions
		c.Read(make([]byte, 1000))
		c.Write([]byte{21, 3, 3, 0, 2, 2, 70})
		io.Copy(io.Discard, c)
	})
	healthy := listening(t, func(c net.Conn) {
		word := make([]byte, 4)
		if io.ReadFull(c, word); string(word) == "ruok" {
			c.Write([]byte("imok"))
		}
	})
	gone := listening(t, func(net.Conn) {})
	for _, tt := range []struct {
		name, addr string
		client     Client
		want       string
	}{
		{"TLS", zooTLS, Client{Flag: "--tls-ca"}, "speaks TLS: give --tls-ca"},
		{"TLS, for a command without it", zooTLS, Client{}, "speaks TLS, and this command does not: give a port without TLS"},
		{"TLS of another version", alert, Client{Flag: "--tls-ca"}, "speaks TLS: give --tls-ca"},
		{"TLS, as the client does", zooTLS, Client{TLS: true, Flag: "--tls-ca"}, ""},
		{"HTTP", strings.TrimPrefix(admin.URL, "http://"), Client{}, "speaks HTTP"},
		{"HTTP, by TLS", strings.TrimPrefix(admin.URL, "http://"), Client{TLS: true}, "speaks HTTP"},
		{"no TLS, and the client has it", zoo, Client{TLS: true, Flag: "--tls-ca"}, "is a server without TLS: leave out --tls-ca"},
		{"a server that serves", zoo, Client{}, ""},
		{"no majority", half.Addrs()[2], Client{}, "has no majority"},
		{"closes", closing, Client{}, "closes connections without an answer: a quorum port (2888)"},
		{"silent", mute, Client{}, "answers nothing: a paused server does that; a quorum port (2888)"},
		{"ruok alone", healthy, Client{}, ""},
		{"nobody", "127.0.0.1:1", Client{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := tt.client.Guess(t.Context(), tt.addr)
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || got != "" && !strings.HasPrefix(got, tt.addr+" ") {
				t.Errorf("want %q, got %q", tt.want, got)
			}
		})
	}
	if got := (Client{}).Guess(t.Context(), closing, "127.0.0.1:1", gone); !strings.HasPrefix(got, closing+", "+gone+" ") {
		t.Errorf("one hint for all servers alike: %s", got)
	}
}
