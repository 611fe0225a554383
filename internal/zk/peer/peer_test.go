package peer

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/memnet"
)

// neighbours are programs that listen at addresses in memory.
type neighbours struct {
	t *testing.T
	memnet.Network
	ensembles []*embedded.Ensemble
}

// listen returns a listener that is closed at the end of the test.
func (n *neighbours) listen(addr string) net.Listener {
	n.t.Helper()
	l, err := n.Listen(addr)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { l.Close() })
	return l
}

// serve serves each connection with a function, and returns the address.
func (n *neighbours) serve(l net.Listener, serve func(net.Conn)) string {
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

// start starts servers of ZooKeeper.
func (n *neighbours) start(nodes int) *embedded.Ensemble {
	n.t.Helper()
	e, err := embedded.Start(embedded.Config{Nodes: nodes, InMemory: true})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { e.Close() })
	n.ensembles = append(n.ensembles, e)
	return e
}

func (n *neighbours) dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	for _, e := range n.ensembles {
		if slices.Contains(e.Addrs(), addr) {
			return e.Dial(network, addr, timeout)
		}
	}
	return n.DialTimeout(network, addr, timeout)
}

// The test runs in virtual time, because Guess waits no longer than a second for an answer.
func TestGuess(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	certificate := &tls.Config{Certificates: secure.TLS.Certificates}
	synctest.Test(t, func(t *testing.T) {
		n := &neighbours{t: t}
		server := &http.Server{Handler: http.NotFoundHandler()}
		admin := n.listen("admin:8080")
		go server.Serve(admin)
		t.Cleanup(func() { server.Close() })
		zoo := n.start(1).Addrs()[0]
		zooTLS := n.serve(tls.NewListener(n.listen("tls:2281"), certificate), func(c net.Conn) {
			behind, err := n.dial("tcp", zoo, time.Second)
			if err != nil {
				t.Error(err)
				return
			}
			defer behind.Close()
			go func() {
				defer c.Close()
				io.Copy(c, behind)
			}()
			io.Copy(behind, c)
		})
		half := n.start(3)
		for _, s := range half.Servers()[:2] {
			must.Do(t, s.(ensemble.Killer).Kill(t.Context()))
		}
		time.Sleep(time.Minute) // the last server does not notice at once that the others are gone
		if _, err := ensemble.AskStatus(t.Context(), n.dial, half.Addrs()[2]); !errors.Is(err, ensemble.ErrNotServing) {
			t.Fatal(err)
		}
		closing := n.serve(n.listen("closing:2888"), func(c net.Conn) { c.Read(make([]byte, 1)) })
		closed := n.serve(n.listen("closed:2888"), func(c net.Conn) { c.Read(make([]byte, 1)) })
		mute := n.serve(n.listen("mute:3888"), func(c net.Conn) { io.Copy(io.Discard, c) })
		alert := n.serve(n.listen("alert:2281"), func(c net.Conn) { // a TLS server that accepts none of our versions
			c.Read(make([]byte, 1000))
			c.Write([]byte{21, 3, 3, 0, 2, 2, 70})
			io.Copy(io.Discard, c)
		})
		healthy := n.serve(n.listen("healthy:2181"), func(c net.Conn) {
			word := make([]byte, 4)
			if io.ReadFull(c, word); string(word) == "ruok" {
				c.Write([]byte("imok"))
			}
		})
		gone := n.serve(n.listen("gone:2888"), func(net.Conn) {})
		for _, tt := range []struct {
			name, addr string
			client     Client
			want       string
		}{
			{"TLS", zooTLS, Client{Flag: "--tls-ca"}, "speaks TLS: give --tls-ca"},
			{"TLS, for a command without it", zooTLS, Client{}, "speaks TLS, and this command does not: give a port without TLS"},
			{"TLS of another version", alert, Client{Flag: "--tls-ca"}, "speaks TLS: give --tls-ca"},
			{"TLS, as the client does", zooTLS, Client{TLS: true, Flag: "--tls-ca"}, ""},
			{"HTTP", admin.Addr().String(), Client{}, "speaks HTTP"},
			{"HTTP, by TLS", admin.Addr().String(), Client{TLS: true}, "speaks HTTP"},
			{"no TLS, and the client has it", zoo, Client{TLS: true, Flag: "--tls-ca"}, "is a server without TLS: leave out --tls-ca"},
			{"a server that serves", zoo, Client{}, ""},
			{"no majority", half.Addrs()[2], Client{}, "has no majority"},
			{"closes", closing, Client{}, "closes connections without an answer: a quorum port (2888)"},
			{"silent", mute, Client{}, "answers nothing: a paused server does that; a quorum port (2888)"},
			{"full", gone, Client{}, "maxClientCnxns allows"},
			{"ruok alone", healthy, Client{}, ""},
			{"nobody", "nobody:1", Client{}, ""},
		} {
			tt.client.Dial = n.dial
			got := tt.client.Guess(t.Context(), tt.addr)
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || got != "" && !strings.HasPrefix(got, tt.addr+" ") {
				t.Errorf("%s: want %q, got %q", tt.name, tt.want, got)
			}
		}
		if got := (Client{Dial: n.dial}).Guess(t.Context(), closing, "nobody:1", closed); !strings.HasPrefix(got, closing+", "+closed+" ") {
			t.Errorf("one hint for all servers alike: %s", got)
		}
	})
}
