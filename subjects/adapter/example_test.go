package adapter_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/workloads"
)

// session is a session of a library with connections of its own. Here zk.Connect stands for the library's way to
// open one, and zk.Lock for its lock.
type session struct{ conn *zk.Conn }

// connect is Connect of adapter.Subjects. A library whose connection is slow to come waits here for it, as
// long as ctx lasts, and sets c.Timeout to what the servers granted.
func connect(_ context.Context, c *subjects.Client) (adapter.Connection, error) {
	conn, _, err := zk.Connect(c.Servers, c.Timeout, zk.WithDialer(c.Dial))
	return session{conn}, err
}

// Close ends the session.
func (s session) Close(context.Context) error {
	s.conn.Close()
	return nil
}

// Touch does one quorum write that changes nothing. It may be left out.
func (s session) Touch(_ context.Context, path string) error {
	_, err := s.conn.Multi(&zk.CheckVersionRequest{Path: path, Version: -1})
	return err
}

// lock is the library's lock with the methods of the contract.
type lock struct{ own *zk.Lock }

func (l lock) Lock(context.Context) error   { return l.own.Lock() }
func (l lock) Unlock(context.Context) error { return l.own.Unlock() }

func newLock(c *subjects.Client, path string) (subjects.Lock, error) {
	s, err := subjects.Own[session](c) // the value that connect returned
	if err != nil {
		return nil, err
	}
	return lock{zk.NewLock(s.conn, path, zk.WorldACL(zk.PermAll))}, nil
}

// An adapter for a library that has connections of its own: the program says how a session is
// opened and how objects are made in it. In a program, in is os.Stdin.
func ExampleServe_ownLibrary() {
	in := strings.NewReader(`{"id":1,"op":"ping"}` + "\n")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := adapter.Serve(ctx, in, os.Stdout, adapter.Subjects{
		Name:    "mylib 1.2",
		Connect: connect,
		Recipes: map[string]subjects.Maker{"lock": workloads.Lock{New: newLock}.Maker()},
	})
	fmt.Println(err)
	// Output:
	// {"id":1,"ok":{}}
	// <nil>
}
