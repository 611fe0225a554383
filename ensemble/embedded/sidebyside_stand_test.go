package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

const (
	// soon is how long a machine under load may take for what should come at once.
	soon = time.Minute
	// silence is how long to wait for an answer before concluding that there is none.
	silence = 600 * time.Millisecond
	// long is a session timeout that is longer than all outages here.
	long = 30 * time.Second
)

// stand is one ensemble on which a scene is played, and what was seen of it.
type stand struct {
	*testing.T
	ensemble.Ensemble
	saw []string
}

// see records what has to be the same on both ensembles.
func (s *stand) see(format string, args ...any) { s.saw = append(s.saw, fmt.Sprintf(format, args...)) }

func (s *stand) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// healthy waits until the ensemble is healthy and returns the leader and the others.
func (s *stand) healthy() (leader int, others []int) {
	s.Helper()
	h, err := ensemble.WaitHealthy(s.Context(), s, 3*time.Minute)
	s.ok(err)
	for _, server := range h.Servers {
		if server.ID != h.Leader {
			others = append(others, server.ID)
		}
	}
	return h.Leader, others
}

// outcome names how a request or a connection went.
func outcome(err error) string {
	switch {
	case err == nil:
		return "answered"
	case errors.Is(err, wire.ErrRefused):
		return "session refused"
	case errors.Is(err, wire.ErrNoReply):
		return "ended"
	case errors.Is(err, context.DeadlineExceeded):
		return "silence"
	}
	return "no way in"
}

// way returns a configuration that connects to a server with a new session.
func (s *stand) way(id int, timeout time.Duration) zkclient.Config {
	return zkclient.Config{
		Session: wire.Session{Timeout: timeout},
		Dial: func(ctx context.Context) (net.Conn, error) {
			return s.Dial("tcp", s.Servers()[id-1].Addr(), silence)
		},
	}
}

// again is like way, but for the session of an earlier connection.
func (s *stand) again(id int, c *zkclient.Conn) zkclient.Config {
	cfg := s.way(id, 0)
	cfg.Session, cfg.LastZxid = c.Session(), c.LastZxid()
	return cfg
}

// connect tries once to connect.
func (s *stand) connect(cfg zkclient.Config, patience time.Duration) (*zkclient.Conn, error) {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	c, err := zkclient.Connect(ctx, cfg)
	if err == nil {
		s.Cleanup(func() { c.Close() })
	}
	return c, err
}

// open connects as soon as the server lets it.
func (s *stand) open(cfg zkclient.Config) *zkclient.Conn {
	s.Helper()
	var c *zkclient.Conn
	s.until("connected", func() bool {
		var err error
		if c, err = s.connect(cfg, silence); errors.Is(err, wire.ErrRefused) {
			s.Fatal(err)
		}
		return err == nil
	})
	return c
}

// until waits until is returns true and returns how long it took.
func (s *stand) until(what string, is func() bool) time.Duration {
	s.Helper()
	begin := time.Now()
	for !is() {
		if time.Since(begin) > soon {
			s.Fatalf("after %v still not: %s", soon, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(begin)
}

// do makes a request that must be answered without an error.
func (s *stand) do(c *zkclient.Conn, op wire.Op, req any) any {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), soon)
	defer cancel()
	r, err := c.Do(ctx, op, req)
	if err == nil && r.Header.Err != wire.OK {
		err = r.Header.Err
	}
	s.ok(err)
	decoded, err := r.Decode()
	s.ok(err)
	return decoded
}

func (s *stand) create(c *zkclient.Conn, path string, mode wire.CreateMode) {
	s.Helper()
	s.do(c, wire.Create, &wire.CreateRequest{Path: path, ACL: openToAll, Mode: mode})
}

// get returns the latest data of a znode.
func (s *stand) get(c *zkclient.Conn, path string) string {
	s.Helper()
	s.do(c, wire.Sync, &wire.PathRequest{Path: "/"})
	return string(s.do(c, wire.GetData, reads(path)).(wire.DataReply).Data)
}

// here reports whether a znode exists in the latest state.
func (s *stand) here(c *zkclient.Conn, path string) bool {
	s.Helper()
	return slices.Contains(s.do(c, wire.GetChildren, reads("/")).(wire.ChildrenReply).Children, strings.TrimPrefix(path, "/"))
}

func reads(path string) *wire.ReadRequest { return &wire.ReadRequest{Path: path} }

func sets(path, data string) *wire.SetDataRequest {
	return &wire.SetDataRequest{Path: path, Data: []byte(data), Version: -1}
}

// send sends a request and does not wait.
func (s *stand) send(c *zkclient.Conn, op wire.Op, req any) {
	s.Helper()
	_, err := c.Send(s.Context(), op, req)
	s.ok(err)
}

// rest returns what else comes on a connection, for at most patience.
func (s *stand) rest(c *zkclient.Conn, patience time.Duration) string {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	var came []string
	for {
		f, err := c.Next(ctx)
		switch {
		case err != nil:
			return strings.Join(append(came, outcome(err)), ", ")
		case f.Event != nil:
			came = append(came, fmt.Sprintf("event %d %s", f.Event.Type, f.Event.Path))
		case f.Header.Err != wire.OK:
			came = append(came, fmt.Sprintf("%v: %v", f.Op, f.Header.Err))
		default:
			came = append(came, s.content(f))
		}
	}
}

// content returns a reply as text, with the data if it has some.
func (s *stand) content(f zkclient.Frame) string {
	r, err := f.Decode()
	s.ok(err)
	if data, ok := r.(wire.DataReply); ok {
		return fmt.Sprintf("%v: %q", f.Op, data.Data)
	}
	return f.Op.String()
}

// srvr returns a server's answer to srvr.
func (s *stand) srvr(id int) string {
	ctx, cancel := context.WithTimeout(s.Context(), silence)
	defer cancel()
	st, err := s.Servers()[id-1].Status(ctx)
	switch {
	case errors.Is(err, ensemble.ErrNotServing):
		return "not serving"
	case errors.Is(err, context.DeadlineExceeded):
		return "silence"
	case err != nil:
		return "no way in"
	}
	return string(st.Role)
}

// broadly checks a time that differs between machines.
func (s *stand) broadly(what string, took, least, most time.Duration) {
	s.Helper()
	s.Logf("%s: %v", what, took.Round(time.Millisecond))
	if took < least || took > most {
		s.Errorf("%s: %v, want %v to %v", what, took, least, most)
	}
}

func (s *stand) pause(id int) {
	s.Helper()
	s.ok(s.Servers()[id-1].(ensemble.Pauser).Pause(s.Context()))
}

func (s *stand) resume(id int) {
	s.Helper()
	s.ok(s.Servers()[id-1].(ensemble.Pauser).Resume(s.Context()))
}

// kill kills servers, all at the same time.
func (s *stand) kill(ids ...int) {
	s.Helper()
	s.together(ids, func(id int) error { return s.Servers()[id-1].(ensemble.Killer).Kill(s.Context()) })
}

// start starts servers that were killed.
func (s *stand) start(ids ...int) {
	s.Helper()
	s.together(ids, func(id int) error { return s.Servers()[id-1].(ensemble.Killer).Start(s.Context()) })
}

func (s *stand) together(ids []int, do func(id int) error) {
	s.Helper()
	failed := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { failed[i] = do(id) })
	}
	all.Wait()
	s.ok(errors.Join(failed...))
}
