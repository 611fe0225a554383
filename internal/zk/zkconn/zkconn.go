// Package zkconn opens go-zookeeper connections the way the harness needs them: a fixed order of
// servers instead of the global random source, no log lines on standard error, every session event kept
// for a reader that may be slow, and an Open that waits for the session. It does not know faults or
// records: those belong to package link.
package zkconn

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// Config says how to connect.
type Config struct {
	Servers []string // host:port, tried in this order, round and round
	Timeout time.Duration
	Dial    zk.Dialer
	// Ended is called once the connection is closed and its goroutines have ended; nil calls
	// nothing.
	Ended func()
}

// Start connects as zk.Connect does: it does not wait for a session. The options are applied after
// those that Start sets itself, so they can replace these.
func Start(cfg Config, options ...func(*zk.Conn)) (*zk.Conn, *Events, error) {
	events := newEvents()
	var answers room
	var closing closers
	var heard atomic.Bool
	conn, raw, err := zk.Connect(cfg.Servers, cfg.Timeout,
		zk.WithDialer(Through(Through(Lossy(cfg.Dial), answers.around), closing.around)),
		answers.limit,
		closing.watch,
		zk.WithHostProvider(&inOrder{servers: cfg.Servers}),
		zk.WithLogger(silent{}),
		zk.WithLogInfo(false),
		zk.WithEventCallback(func(e zk.Event) {
			heard.Store(true)
			events.push(e)
		}),
		func(c *zk.Conn) {
			for _, option := range options {
				option(c)
			}
		},
	)
	if err != nil {
		events.close()
		return nil, nil, fmt.Errorf("connect to %v: %w", cfg.Servers, err)
	}
	// The client's own channel is closed when its loop has ended: there are no more callbacks.
	go func() {
		for e := range raw {
			if !heard.Load() { // an option has replaced the callback, which would otherwise have been called first
				events.push(e)
			}
		}
		events.close()
		if cfg.Ended != nil {
			cfg.Ended()
		}
	}()
	return conn, events, nil
}

// Open connects and waits until there is a session or ctx ends. The channel comes from
// [Events.All].
func Open(ctx context.Context, cfg Config) (*zk.Conn, <-chan zk.Event, error) {
	conn, events, err := OpenEvents(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	return conn, events.All(), nil
}

// OpenEvents is like Open, for connections whose events several readers follow.
func OpenEvents(ctx context.Context, cfg Config) (*zk.Conn, *Events, error) {
	conn, events, err := Start(cfg)
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-events.begun:
		return conn, events, nil
	case <-ctx.Done():
		conn.Close() // waits for a few seconds at most
		events.close()
		return nil, nil, fmt.Errorf("connect to %v: no session: %w", cfg.Servers, context.Cause(ctx))
	}
}

// inOrder returns the servers in the order of the configuration. zk.Connect shuffles the servers that
// it passes to Init, so Init ignores its argument.
type inOrder struct {
	servers []string
	next    int
	tried   int
}

func (p *inOrder) Init([]string) error { return nil }
func (p *inOrder) Len() int            { return len(p.servers) }

// Next moves on to the next server. retryStart makes the client wait for a
// second and fail what it has queued, after one round without success.
func (p *inOrder) Next() (server string, retryStart bool) {
	retryStart = p.tried >= len(p.servers)
	if retryStart {
		p.tried = 0
	}
	server = p.servers[p.next%len(p.servers)]
	p.next++
	p.tried++
	return server, retryStart
}

func (p *inOrder) Connected() { p.tried = 0 }

type silent struct{}

func (silent) Printf(string, ...any) {}
