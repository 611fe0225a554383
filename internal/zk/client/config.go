package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Errors of a client. Codes of servers are of type wire.Code.
var (
	errPatience = fmt.Errorf("%w in time", ErrNoServer)

	// ErrExpired means that the session is over: its ephemeral znodes and watches are gone.
	ErrExpired = errors.New("the session has expired")
	// ErrClosed means that Close was called.
	ErrClosed = errors.New("the client is closed")
	// ErrNoServer means that no server took a session while there was time to ask.
	ErrNoServer = errors.New("no server answers")
)

// Credential is what a client shows to prove who it is: {"digest", "user:password"}.
type Credential struct {
	Scheme string
	Auth   []byte
}

// Config says which ensemble, and as whom. Only Servers must be given.
type Config struct {
	Servers []string // host:port each
	// Chroot is the znode that the client calls "/"; "" is the whole tree.
	Chroot string
	// Timeout of the session is asked for, zkclient.DefaultTimeout when 0.
	Timeout time.Duration
	// Auth is sent on each connection before all else.
	Auth []Credential
	// Patience is how long a call waits for its answer, through losses of the connection;
	// then the error is ErrNoServer. 0 is as long as its context lets it.
	Patience time.Duration
	// ReadOnly takes a server that has no majority, too.
	ReadOnly bool
	// TLS, if not nil, is spoken with the servers. A ServerName that is empty is the host's.
	TLS *tls.Config
	// Dial opens connections; nil is TCP. TLS is not added to it.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
}

func (cfg Config) dial(ctx context.Context, addr string) (net.Conn, error) {
	switch {
	case cfg.Dial != nil:
		return cfg.Dial(ctx, addr)
	case cfg.TLS != nil:
		return (&tls.Dialer{Config: cfg.TLS}).DialContext(ctx, "tcp", addr)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

// Connect begins a session with one of the servers, in an order that is drawn: so
// clients spread. It tries until ctx ends, but once around when nobody listens at
// any of the addresses. The caller closes the client.
func Connect(ctx context.Context, cfg Config) (*Client, error) {
	if len(cfg.Servers) == 0 {
		return nil, fmt.Errorf("%w: none is given", ErrNoServer)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = zkclient.DefaultTimeout
	}
	cfg.Servers = slices.Clone(cfg.Servers)
	rand.Shuffle(len(cfg.Servers), func(i, j int) { cfg.Servers[i], cfg.Servers[j] = cfg.Servers[j], cfg.Servers[i] })
	c := newClient(cfg)
	conn, err := c.first(ctx)
	if err != nil {
		c.cancel()
		return nil, err
	}
	go c.run(conn)
	return c, nil
}

// first makes the first connection.
func (c *Client) first(ctx context.Context) (*zkclient.Conn, error) {
	for {
		conn, err := c.round(ctx)
		switch {
		case err == nil:
			return conn, nil
		case nobodyThere(err) || ctx.Err() != nil || errors.Is(err, wire.AuthFailed):
			return nil, fmt.Errorf("%w: %w", ErrNoServer, err)
		}
		c.pause(ctx)
	}
}

// nobodyThere says that there is nothing to wait for: no attempt reached anything.
func nobodyThere(err error) bool {
	var failed attempts
	if !errors.As(err, &failed) {
		return false
	}
	return !slices.ContainsFunc(failed, func(err error) bool {
		var dns *net.DNSError
		return !errors.Is(err, syscall.ECONNREFUSED) && !(errors.As(err, &dns) && dns.IsNotFound)
	})
}

// attempts are what went wrong with one server after another.
type attempts []error

func (a attempts) Error() string {
	text := ""
	for i, err := range a {
		if i > 0 {
			text += "; "
		}
		text += err.Error()
	}
	return text
}

func (a attempts) Unwrap() []error { return a }
