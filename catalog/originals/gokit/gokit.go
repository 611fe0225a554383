// Package gokit puts Go kit's own sd/zk under zklab's test, beside the recipe that was written after it.
//
// Go kit's client connects by itself, with a dialer of its own, and a simulation has no network. So the client gets
// zklab's connection in place of that one; all requests are Go kit's.
package gokit

import (
	"context"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/go-kit/kit/sd"
	kit "github.com/go-kit/kit/sd/zk"
	"github.com/go-kit/log"
	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// mark begins the data of an instance. Other children of the path are no instances.
const mark = "instance:"

// Service is a client and an instancer of one service.
type Service struct {
	client kit.Client
	path   string
	ours   *kit.Service // the instance that was registered last

	begin     subjects.Blocking
	instancer *kit.Instancer // nil before the first call of Changed
	events    chan sd.Event
	told      []string
	news      chan struct{} // holds a value after a list came
	end       func()

	mu      sync.Mutex
	now     []string // what the instancer told last
	stopped bool
}

// New returns the client and instancer of a client.
func New(c *subjects.Client, path string) (subjects.Service, error) {
	client, err := connected(c.Conn)
	if err != nil {
		return nil, err
	}
	s := &Service{client: client, path: path, events: make(chan sd.Event), news: make(chan struct{}, 1)}
	s.end = sync.OnceFunc(s.stop)
	c.BeforeEnd(func(context.Context) { s.end() })
	return s, client.CreateParentNodes(path)
}

// nowhere cannot be dialed: there is no such port.
const nowhere = "127.0.0.1:99999"

// connected returns a client of Go kit that uses a connection. The client's goroutine for the events of its own
// connection, which it only logs, ends with the first one.
func connected(conn *zk.Conn) (kit.Client, error) {
	client, err := kit.NewClient([]string{nowhere}, log.NewNopLogger(), kit.EventHandler(func(zk.Event) { runtime.Goexit() }))
	if err != nil {
		return nil, err
	}
	field := reflect.ValueOf(client).Elem().FieldByName("Conn")
	go field.Interface().(*zk.Conn).Close()
	field.Set(reflect.ValueOf(conn))
	return client, nil
}

// Register registers an instance.
func (s *Service) Register(_ context.Context, name string) error {
	at := strings.LastIndexByte(s.path, '/') + 1
	s.ours = &kit.Service{Path: s.path[:at], Name: s.path[at:], Data: []byte(mark + name)}
	return s.client.Register(s.ours)
}

// Unregister deregisters the instance.
func (s *Service) Unregister(context.Context) error { return s.client.Deregister(s.ours) }

// Lookup reads the list.
func (s *Service) Lookup(context.Context) ([]string, error) {
	entries, _, err := s.client.GetEntries(s.path)
	return names(entries), err
}

// names returns the names of the instances among the entries.
func names(entries []string) (names []string) {
	for _, entry := range entries {
		if name, ok := strings.CutPrefix(entry, mark); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Changed waits for another list of the instancer than the one that it returned last.
func (s *Service) Changed(ctx context.Context) ([]string, error) {
	if err := s.begin.Do(ctx, s.follow, nil); err != nil {
		return nil, err
	}
	for {
		if now := s.list(); !slices.Equal(now, s.told) {
			s.told = now
			return now, nil
		}
		select {
		case <-s.news:
		case <-ctx.Done():
			return nil, subjects.WithoutEffect(context.Cause(ctx))
		}
	}
}

// follow begins to follow the instancer, once.
func (s *Service) follow() error {
	if s.instancer != nil {
		return nil
	}
	instancer, err := kit.NewInstancer(s.client, s.path, log.NewNopLogger())
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		instancer.Stop()
		return zk.ErrClosing
	}
	s.instancer = instancer
	go func() {
		for e := range s.events {
			s.tell(e)
		}
	}()
	instancer.Register(s.events)
	return nil
}

// tell keeps the instances that an instancer tells. Those before an error stay, as Go kit's endpointers keep them.
func (s *Service) tell(e sd.Event) {
	if e.Err != nil {
		return
	}
	s.mu.Lock()
	s.now = names(e.Instances)
	s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *Service) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.now)
}

// Pick picks from the instancer's list.
func (s *Service) Pick(context.Context) (string, error) {
	now := s.list()
	if len(now) == 0 {
		return "", nil
	}
	return now[rand.IntN(len(now))], nil
}

// Close ends the instancer.
func (s *Service) Close(context.Context) error { s.end(); return nil }

func (s *Service) stop() {
	s.mu.Lock()
	instancer := s.instancer
	s.stopped = true
	s.mu.Unlock()
	if instancer != nil {
		instancer.Stop()
		instancer.Deregister(s.events)
		close(s.events)
	}
}
