package zkconn_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// A no-op write is a transaction that changes nothing; without an answer it ends with its context.
func TestNoopWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{Nodes: 1, InMemory: true}))(t)
		defer e.Close()
		server := e.Servers()[0]
		conn, events, err := zkconn.Open(t.Context(), zkconn.Config{Servers: []string{server.Addr()}, Timeout: 10 * time.Second, Dial: e.Dial})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() {
			for range events {
			}
		}()
		_, before, err := conn.Get("/")
		if err != nil {
			t.Fatal(err)
		}
		status := func() int64 {
			s := must.Get(server.Status(t.Context()))(t)
			return s.Zxid
		}
		was := status()
		must.Do(t, zkconn.NoopWrite(t.Context(), conn, "/"))
		if status() != was+1 {
			t.Error("it is no transaction")
		}
		if _, now, err := conn.Get("/"); err != nil || *now != *before {
			t.Errorf("it changed %+v to %+v, %v", before, now, err)
		}
		if err := zkconn.NoopWrite(t.Context(), conn, "/nowhere"); !errors.Is(err, zk.ErrNoNode) {
			t.Errorf("of nothing: %v", err)
		}

		p := server.(ensemble.Pauser)
		must.Do(t, p.Pause(t.Context()))
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, enough)
		defer cancel()
		if err := zkconn.NoopWrite(ctx, conn, "/"); !errors.Is(err, enough) {
			t.Errorf("without an answer: %v", err)
		}
		must.Do(t, p.Resume(t.Context()))
	})
}
