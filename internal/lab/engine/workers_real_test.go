//go:build real

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/subjects/broken"
)

// workerVariable is the environment variable that makes this process a client's process of some kind.
const workerVariable = "ZKLAB_TEST_WORKER"

func init() {
	instead = func() bool {
		kind := os.Getenv(workerVariable)
		if kind == "" {
			return false
		}
		if err := work(kind); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return true
	}
}

// worker is the command of a kind of worker.
func worker(kind string) []string {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{"/usr/bin/env", workerVariable + "=" + kind, self}
}

// afterSome is how many acquires an unruly worker does before it misbehaves.
const afterSome = 10

// work is the main function of a worker. An unruly one misbehaves only as client 1.
func work(kind string) error {
	s := adapter.Subjects{Name: kind, Recipes: map[string]subjects.Maker{}}
	lock := subjects.NewLock
	out := &stuffed{Writer: os.Stdout}
	switch kind {
	case "own":
		s.Recipes = ownRecipes()
	case "ignores-expiry":
		lock = broken.IgnoresExpiry
	case "without-fencing":
		lock = func(c *subjects.Client, path string) (subjects.Lock, error) {
			l, err := subjects.NewLock(c, path)
			return &unfenced{inner: l}, err
		}
	case "session-per-object":
		lock = ownSessionLock
		s.Connect = func(context.Context, *subjects.Client) (adapter.Connection, error) { return noSession{}, nil }
	case "other-timeout":
		s.Recipes[models.Lock.Name] = contracts.ServeOn(contracts.Locks, lock)
		in := &rewriter{r: os.Stdin, old: `"timeout_ms":1000`, now: `"timeout_ms":5000`}
		return adapter.Serve(context.Background(), in, out, s)
	case "garbage-at-once":
		fmt.Fprintln(os.Stderr, "starting up")
		fmt.Println("Welcome!")
	case "dies-at-once":
		fmt.Fprintln(os.Stderr, "no config file")
		os.Exit(4)
	case "cannot-make":
		lock = nil
	default:
		lock = unruly(kind, out)
	}
	if lock != nil {
		s.Recipes[models.Lock.Name] = contracts.ServeOn(contracts.Locks, lock)
	}
	return adapter.Serve(context.Background(), os.Stdin, out, s)
}

// unruly returns a lock whose process misbehaves after a while.
func unruly(kind string, out *stuffed) func(c *subjects.Client, path string) (subjects.Lock, error) {
	var acquires atomic.Int64
	return func(c *subjects.Client, path string) (subjects.Lock, error) {
		l, err := subjects.NewLock(c, path)
		if err != nil || c.ID != 1 {
			return l, err
		}
		return &misbehaving{l, func() {
			if acquires.Add(1) != afterSome {
				return
			}
			fmt.Fprintln(os.Stderr, "now it happens")
			switch kind {
			case "garbage":
				fmt.Println("segmentation fault (core dumped)")
			case "dies":
				os.Exit(4)
			case "hangs":
				out.is.Store(true)
			}
		}}, nil
	}
}

// stuffed is an output that accepts nothing once it is stuffed.
type stuffed struct {
	io.Writer
	is atomic.Bool
}

func (w *stuffed) Write(p []byte) (int, error) {
	if w.is.Load() {
		select {}
	}
	return w.Writer.Write(p)
}

// misbehaving is a lock that does something bad during an acquire.
type misbehaving struct {
	inner  subjects.Lock
	during func()
}

func (l *misbehaving) Unlock(ctx context.Context) error { return l.inner.Unlock(ctx) }

func (l *misbehaving) Lock(ctx context.Context) error {
	err := l.inner.Lock(ctx)
	l.during()
	return err
}

// unfenced is a lock without tokens.
type unfenced struct{ inner subjects.Lock }

func (l *unfenced) Lock(ctx context.Context) error { return l.inner.Lock(ctx) }

func (l *unfenced) Unlock(ctx context.Context) error { return l.inner.Unlock(ctx) }

func (l *unfenced) Lost() <-chan struct{} { return l.inner.(subjects.Holder).Lost() }

// noSession stands for the session of a program whose objects have their own.
type noSession struct{}

func (noSession) Close(context.Context) error { return nil }

// ownSessionLock returns the correct lock, on a session of its own.
func ownSessionLock(c *subjects.Client, path string) (subjects.Lock, error) {
	conn, events, err := c.Connect()
	if err != nil {
		return nil, err
	}
	own := &subjects.Client{ID: c.ID, Servers: c.Servers, Timeout: c.Timeout, Conn: conn, Events: events}
	l, err := subjects.NewLock(own, path)
	return &lockOfSession{l, own}, err
}

type lockOfSession struct {
	inner subjects.Lock
	own   *subjects.Client
}

func (l *lockOfSession) Lock(ctx context.Context) error { return l.inner.Lock(ctx) }

func (l *lockOfSession) Unlock(ctx context.Context) error { return l.inner.Unlock(ctx) }

func (l *lockOfSession) Close(ctx context.Context) error {
	defer l.own.Conn.Close()
	return l.own.Close(ctx)
}

// rewriter replaces a text in a stream of lines.
type rewriter struct {
	r        io.Reader
	old, now string
}

func (w *rewriter) Read(p []byte) (int, error) {
	b := make([]byte, len(p)/2)
	n, err := w.r.Read(b)
	return copy(p, bytes.ReplaceAll(b[:n], []byte(w.old), []byte(w.now))), err
}
