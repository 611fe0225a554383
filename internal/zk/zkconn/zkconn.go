// Package zkconn opens go-zookeeper connections the way the harness needs them:
// a fixed order of servers instead of the global random source, no log lines on
// standard error, every session event kept for a reader that may be slow, and an
// Open that waits for the session. It may not know faults or records: those are
// package link's.
package zkconn

import (
	"context"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"
)

// Config says how to connect.
type Config struct {
	Servers []string // host:port, tried in this order, round and round
	Timeout time.Duration
	Dial    zk.Dialer
}

// Open connects and waits until there is a session or ctx ends. The channel
// gives every event of the connection from the first on, in order, and is
// closed after Close; it never holds the connection up.
func Open(ctx context.Context, cfg Config) (*zk.Conn, <-chan zk.Event, error) {
	q := newEventQueue()
	ready := make(chan struct{}, 1)
	var answers room
	conn, raw, err := zk.Connect(cfg.Servers, cfg.Timeout,
		zk.WithDialer(Through(Lossy(cfg.Dial), answers.around)),
		answers.limit,
		zk.WithHostProvider(&inOrder{servers: cfg.Servers}),
		zk.WithLogger(silent{}),
		zk.WithLogInfo(false),
		zk.WithEventCallback(func(e zk.Event) {
			q.push(e)
			if e.State == zk.StateHasSession {
				select {
				case ready <- struct{}{}:
				default:
				}
			}
		}),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to %v: %w", cfg.Servers, err)
	}
	// The client's own channel is closed when its loop has ended: then no more
	// callbacks come.
	go func() {
		for range raw {
		}
		q.close()
	}()
	select {
	case <-ready:
		return conn, q.out, nil
	case <-ctx.Done():
		conn.Close() // waits for a few seconds at most
		q.discard()
		return nil, nil, fmt.Errorf("connect to %v: no session: %w", cfg.Servers, context.Cause(ctx))
	}
}

// inOrder gives the servers in the order of the configuration. zk.Connect
// shuffles what it hands to Init, so Init's argument is not used.
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
