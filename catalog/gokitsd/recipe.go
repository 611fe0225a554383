// Package gokitsd is Go kit's registration and discovery: an ephemeral znode for each instance of a service, below the persistent
// znode of the service.
package gokitsd

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "gokitsd",
	Program: "Go kit, sd/zk",
	File:    "go-kit/kit, sd/zk/client.go, with instancer.go",
	Version: "v0.13.0 (2023)",
	LeftOut: "There is one service, whose instances have no data but their names; children with other data are skipped. After a failed read, the " +
		"instances of the last one are kept, as Go kit's endpointers keep them.",
	Promises: "An instance that was deregistered is not listed any more, and an instancer follows each change.",
	NotPromised: "Go kit does not register an instance again after the end of its session, and does not say that it does. The test also " +
		"ends sessions, and then misses the instance, so the mended recipe does register it again. The count would be the same without this: in each run, an instance that was deregistered stays.",
	AsIs: workloads.Discovery{New: New},
	Originals: []entry.Original{{
		Folder: "gokit", Code: "Go kit v0.13.0",
		Apart: "It runs on go-zookeeper v1.0.4, not v1.0.2, and its client gets zklab's connection, since it has no option for one.",
	}},
	Wrong: &entry.Wrong{
		Mistake: entry.WhoseZnode,
		Happens: "Deregister deletes the persistent znode of the service instead of the instance's own znode. That fails, because the instances are " +
			"below it, and the instance stays in the lists as long as its session lives.",
		Breaks: []string{"converge", "fresh"},
		Fault:  "no fault",
		Mend: "Deregister deletes the znodes that its session created for the instance, and repeats that until it has succeeded. An instancer " +
			"whose read failed reads again after a pause; it also reads each second.",
		Mended: workloads.Discovery{New: newMended},
	},
}

// mark begins the data of an instance's znode.
const mark = "instance:"

// Service is a client and an instancer of one service.
type Service struct {
	c         *subjects.Client
	path      string
	mended    bool
	mine      chan string // holds the name of the instance, "" for none, while nothing happens to it
	node      string
	instancer port.List
	watching  bool
	end       context.Context
	stop      context.CancelFunc
}

// New returns the client and instancer of a client.
func New(c *subjects.Client, path string) (subjects.Service, error) { return newService(c, path) }

func newService(c *subjects.Client, path string) (*Service, error) {
	s := &Service{c: c, path: path, mine: make(chan string, 1)}
	s.mine <- ""
	s.end, s.stop = context.WithCancel(context.Background())
	s.instancer.Read, s.instancer.Pause, s.instancer.End = s.read, 200*time.Millisecond, s.end
	return s, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string) (subjects.Service, error) {
	s, err := newService(c, path)
	s.mended, s.instancer.Again = true, time.Second
	if err == nil {
		go s.renew(c.Subscribe(s.end))
	}
	return s, err
}

// Register is Client.Register.
func (s *Service) Register(_ context.Context, name string) error {
	<-s.mine
	err := s.create(name)
	if err != nil && s.mended {
		go port.Surely(s.end, func() error { return s.deleteOurs(name) })
		s.mine <- ""
		return err
	}
	s.mine <- name
	return err
}

func (s *Service) create(name string) error {
	if _, err := s.c.Conn.Create(s.path, nil, 0, port.ACL); err != nil && !errors.Is(err, zk.ErrNodeExists) && !errors.Is(err, zk.ErrNoAuth) {
		return err
	}
	node, err := s.c.Conn.CreateProtectedEphemeralSequential(s.path+"/", []byte(mark+name), port.ACL)
	if err == nil {
		s.node = node
	}
	return err
}

// Unregister is Client.Deregister.
func (s *Service) Unregister(ctx context.Context) error {
	if s.mended {
		return s.withdraw(ctx)
	}
	if s.node == "" {
		return errors.New("not registered")
	}
	found, stat, err := s.c.Conn.Exists(s.path)
	if err != nil {
		return err
	}
	if !found {
		return errors.New("node not found")
	}
	return s.c.Conn.Delete(s.path, stat.Version)
}

// withdraw is Unregister of the mended recipe.
func (s *Service) withdraw(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		name := <-s.mine
		s.mine <- ""
		port.Surely(s.end, func() error { return s.deleteOurs(name) })
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ours returns the znodes that this session made for an instance.
func (s *Service) ours(name string) (nodes []string, err error) {
	if _, err := s.c.Conn.Sync(s.path); err != nil {
		return nil, err
	}
	err = s.each(func(node, of string, owner int64) {
		if of == name && owner == s.c.Conn.SessionID() {
			nodes = append(nodes, node)
		}
	})
	return nodes, err
}

func (s *Service) deleteOurs(name string) error {
	nodes, err := s.ours(name)
	for _, node := range nodes {
		if err := s.c.Conn.Delete(s.path+"/"+node, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
	return err
}

// renew registers the instance again after its session has ended.
func (s *Service) renew(events <-chan zk.Event) {
	for e := range events {
		if e.State != zk.StateHasSession {
			continue
		}
		name := <-s.mine
		if name != "" {
			port.Surely(s.end, func() error {
				nodes, err := s.ours(name)
				if err == nil && len(nodes) == 0 {
					err = s.create(name)
				}
				return err
			})
		}
		s.mine <- name
	}
}

// each calls a function for each instance's znode.
func (s *Service) each(call func(node, name string, owner int64)) error {
	nodes, _, err := s.c.Conn.Children(s.path)
	if err != nil {
		return err
	}
	return s.get(nodes, call)
}

func (s *Service) get(nodes []string, call func(node, name string, owner int64)) error {
	for _, node := range port.WithPrefix(nodes, "_c_") {
		data, stat, err := s.c.Conn.Get(s.path + "/" + node)
		name, ok := strings.CutPrefix(string(data), mark)
		switch {
		case ok:
			call(node, name, stat.EphemeralOwner)
		case err != nil && s.mended && !errors.Is(err, zk.ErrNoNode):
			return err
		}
	}
	return nil
}

// entries is Client.GetEntries.
func (s *Service) entries() (names []string, events <-chan zk.Event, err error) {
	nodes, _, events, err := s.c.Conn.ChildrenW(s.path)
	if err != nil {
		return nil, events, err
	}
	err = s.get(nodes, func(_, name string, _ int64) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	})
	slices.Sort(names)
	return names, events, err
}

// read is a round of the instancer's loop. After a failed read it goes on with the channel of that: a nil channel, which never
// tells anything.
func (s *Service) read() ([]string, <-chan zk.Event, error) {
	names, events, err := s.entries()
	if err != nil && s.watching && !s.mended {
		return s.instancer.Now(), events, nil
	}
	s.watching = s.watching || err == nil
	return names, events, err
}

// Lookup is Client.GetEntries, without its watch.
func (s *Service) Lookup(context.Context) ([]string, error) {
	names, _, err := s.entries()
	return names, err
}

// Changed waits for another list of the instancer than the one that it returned last.
func (s *Service) Changed(ctx context.Context) ([]string, error) { return s.instancer.Changed(ctx) }

// Pick picks from the instancer's list.
func (s *Service) Pick(context.Context) (string, error) {
	now := s.instancer.Now()
	if len(now) == 0 {
		return "", nil
	}
	return now[rand.IntN(len(now))], nil
}

// Close ends the background work.
func (s *Service) Close(context.Context) error { s.stop(); return nil }
