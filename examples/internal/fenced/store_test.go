package fenced

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
)

func connect(t *testing.T) *zk.Conn {
	t.Helper()
	e, err := embedded.Start(embedded.Config{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	conn, _, err := zk.Connect(e.Addrs(), 4*time.Second, zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// Tokens never decrease; the same token may write again.
func TestTokens(t *testing.T) {
	conn := connect(t)
	s := Store{Conn: conn, Path: "/state"}
	for _, tt := range []struct {
		token int64
		want  error
		is    string
	}{
		{5, nil, "5 x"}, {5, nil, "5 x"}, {4, ErrStale, "5 x"}, {0, ErrStale, "5 x"}, {1 << 40, nil, "1099511627776 x"}, {5, ErrStale, "1099511627776 x"},
	} {
		if err := s.Write(t.Context(), tt.token, "x"); !errors.Is(err, tt.want) {
			t.Errorf("token %d: %v, want %v", tt.token, err, tt.want)
		}
		if data, _, err := conn.Get("/state"); err != nil || string(data) != tt.is {
			t.Errorf("after token %d: %q, %v", tt.token, data, err)
		}
	}
	if _, err := conn.Set("/state", []byte("x"), -1); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), 9, "x"); err == nil || errors.Is(err, ErrStale) {
		t.Errorf("with no token: %v", err)
	}
}

// Each of several concurrent writes is stored, or refused because one with a higher token is stored.
func TestAtOnce(t *testing.T) {
	s := Store{Conn: connect(t), Path: "/state"}
	const writers = 20
	errs := make(chan error)
	for token := range writers {
		go func() { errs <- s.Write(t.Context(), int64(token), "x") }()
	}
	for range writers {
		if err := <-errs; err != nil && !errors.Is(err, ErrStale) {
			t.Error(err)
		}
	}
	if token, _, err := s.read(); err != nil || token != writers-1 {
		t.Errorf("the last token is %d, %v", token, err)
	}
}

// A connection that breaks while a request is sent gives the network's own error.
func TestTryAgain(t *testing.T) {
	broken := &net.OpError{Op: "write", Err: syscall.EPIPE}
	for err, want := range map[error]bool{broken: true, zk.ErrConnectionClosed: true, ErrStale: false, zk.ErrNoAuth: false, nil: false} {
		if tryAgain(err) != want {
			t.Errorf("%v: %v", err, !want)
		}
	}
}
