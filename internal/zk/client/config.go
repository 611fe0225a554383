package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/zklab/zklab/internal/zk/secure"
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
	// ErrNoServer means that no server accepted the session in the time that there was.
	ErrNoServer = errors.New("no server answers")
)

// Credential proves who the client is: {"digest", "user:password"}.
type Credential struct {
	Scheme string
	Auth   []byte
}

// Config names the ensemble, and the client's identity. Only Servers must be given.
type Config struct {
	Servers []string // host:port each
	// Chroot is the znode that the client calls "/"; "" is the whole tree.
	Chroot string
	// Timeout is the session timeout to request; 0 means zkclient.DefaultTimeout.
	Timeout time.Duration
	// Auth is sent on each connection before all else.
	Auth []Credential
	// Patience is how long a call waits for its answer, even if the connection is lost meanwhile. Then
	// it returns ErrNoServer. 0 means as long as its context allows.
	Patience time.Duration
	// MaxFrame bounds a reply, in bytes; wire.MaxFrame when 0. A larger one is a [LargeReply].
	MaxFrame int
	// ReadOnly also accepts a server that has no majority.
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

// Connect begins a session with one of the servers, in a random order, so that clients spread. It tries
// until ctx ends, but each server only once if there is no hope: nothing listens at any of the
// addresses, or no TLS connection is possible with the servers that do. The error contains the last
// error of each server. The caller closes the client.
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
	var before error // the error of the last round in which there was time for all servers
	for {
		conn, err := c.round(ctx)
		switch {
		case err == nil:
			return conn, nil
		case errors.Is(err, wire.AuthFailed):
			return nil, err
		case ctx.Err() != nil && before != nil:
			return nil, fmt.Errorf("%w: %w: %w", ErrNoServer, context.Cause(ctx), before)
		case ctx.Err() != nil || hopeless(err):
			return nil, fmt.Errorf("%w: %w", ErrNoServer, err)
		}
		if before == nil || !errors.Is(err, context.DeadlineExceeded) { // otherwise ctx is about to end, and the error tells nothing new
			before = err
		}
		c.pause(ctx)
	}
}

// hopeless reports whether waiting is useless: no attempt reached a server, or the servers that it
// reached will fail with the same TLS error again.
func hopeless(err error) bool {
	var failed attempts
	if !errors.As(err, &failed) {
		return false
	}
	return !slices.ContainsFunc(failed, func(one attempt) bool { return !nobodyThere(one) && !tlsDisagrees(one) })
}

func nobodyThere(err error) bool {
	var dns *net.DNSError
	return errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns) && dns.IsNotFound
}

// tlsDisagrees reports whether one side rejects what the other sends: a certificate, a version, or data that
// is not TLS at all.
func tlsDisagrees(err error) bool {
	var untrusted *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	return errors.As(err, &untrusted) || errors.As(err, &notTLS) || secure.Alerted(err)
}

// attempts lists the failures at one server after another.
type attempts []attempt

type attempt struct {
	addr string
	err  error
}

func (a attempt) Error() string { return a.addr + ": " + a.err.Error() }
func (a attempt) Unwrap() error { return a.err }

// Error groups the servers that failed in the same way.
func (a attempts) Error() string {
	var reasons []string
	servers := make(map[string][]string)
	for _, one := range a {
		reason := one.err.Error()
		if servers[reason] == nil {
			reasons = append(reasons, reason)
		}
		servers[reason] = append(servers[reason], one.addr)
	}
	for i, reason := range reasons {
		reasons[i] = strings.Join(servers[reason], ", ") + ": " + reason
	}
	return strings.Join(reasons, "; ")
}

func (a attempts) Unwrap() []error {
	all := make([]error, len(a))
	for i, one := range a {
		all[i] = one
	}
	return all
}
