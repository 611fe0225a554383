package workloads

import (
	"context"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
	"github.com/zklab/zklab/link"
)

// Listener is a session in addition to those of the clients, like a [Visitor], that lives
// as long as its single connection. It can make any request of the protocol.
type Listener struct {
	Conn *zkclient.Conn
	link *link.Link
}

// NewListener returns a listener that has connected through its own link.
func NewListener(conn *zkclient.Conn, l *link.Link) *Listener { return &Listener{conn, l} }

// Close closes the session if the server answers within a second, else only the connection.
func (l *Listener) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = l.Conn.Do(ctx, wire.CloseSession, nil)
	l.Conn.Close()
	l.link.Close()
}

// A listener reads every listenEvery, a number of times while it has a persistent watch, and a
// number of times after it has removed the watch.
const (
	listenEvery   = 150 * time.Millisecond
	readsListened = 20
	readsRemoved  = 8
)

// listeners is the number of concurrent listeners.
const listeners = 2

// listen runs listeners, one after the other, until leave is called, which waits until they
// have left. Each watches the folder of a key and everything below it, or one znode, by a
// persistent watch.
func (r *sessionRun) listen(ctx context.Context) (leave func()) {
	ctx, cancel := context.WithCancel(ctx)
	var listening sync.WaitGroup
	for i := range listeners {
		listening.Go(func() {
			jitter.Wait(i + 2*len(r.clients))
			for n := i; ctx.Err() == nil && r.listenOnce(ctx, n); n++ {
			}
		})
	}
	return func() { cancel(); listening.Wait() }
}

// listenOnce runs one listener from its beginning to its end. It returns false if the servers have
// no persistent watches, as before 3.6.
func (r *sessionRun) listenOnce(ctx context.Context, n int) (more bool) {
	folder := r.env.Path(r.env.Key(n % r.env.Keys))
	watch := &wire.AddWatchRequest{Path: folder, Mode: wire.AddPersistentRecursive}
	if n%3 == 2 {
		watch = &wire.AddWatchRequest{Path: folder + sequencePart, Mode: wire.AddPersistent}
	}
	l, err := r.listener(ctx)
	if err != nil {
		pause(ctx, lookAgain)
		return true
	}
	defer l.Close()
	ask := func(op wire.Op, record any) (wire.Code, error) {
		patience, cancel := context.WithTimeout(ctx, r.env.OpTimeout)
		defer cancel()
		reply, err := l.Conn.Do(patience, op, record)
		return reply.Header.Err, err
	}
	paths := []string{folder + firstPart, ownZnode(folder, n%len(r.clients))}
	reads := func(n int) (err error) {
		for ; n > 0 && err == nil && pause(ctx, jitter.Stretch(listenEvery)); n-- {
			_, err = ask(wire.GetData, &wire.ReadRequest{Path: paths[n%len(paths)]})
		}
		return err
	}
	switch code, err := ask(wire.AddWatch, watch); {
	case err != nil:
		return true
	case code == wire.Unimplemented:
		return false
	}
	if reads(readsListened) == nil {
		if _, err := ask(wire.RemoveWatches, &wire.WatchesRequest{Path: watch.Path, Type: wire.WatcherAny}); err == nil {
			_ = reads(readsRemoved)
		}
	}
	return true
}

// listener opens a listener, if a server accepts it soon.
func (r *sessionRun) listener(ctx context.Context) (*Listener, error) {
	ctx, cancel := context.WithTimeout(ctx, r.env.OpTimeout)
	defer cancel()
	return r.env.Listen(ctx)
}
