// Package kratos is Kratos' registry: an ephemeral znode for each instance, which a goroutine creates again when the session has
// ended.
package kratos

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
	Folder:  "kratos",
	Program: "Kratos, registry",
	File:    "go-kratos/kratos, contrib/registry/zookeeper/register.go",
	Version: "v3.0.0 (commit 668db92c, June 2026)",
	LeftOut: "There is one service, whose instances have no data but their names; children with other data are skipped. Kratos' watcher is left " +
		"out: the port keeps a list with a watch that it sets before each read. The goroutines end with their process.",
	Promises: "A registered instance stays registered, even if its session ends and it gets another one. An instance that was deregistered is not " +
		"listed any more.",
	NotPromised: "A list is read znode by znode, so it need not show the instances at one moment.",
	AsIs:        workloads.Discovery{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.OutlivesSession,
		Happens: "A goroutine registers the instance again when a session has ended. Nothing tells it that the instance was deregistered. After " +
			"each later end of a session, it registers the deregistered instance again.",
		Breaks: []string{"fresh", "converge"},
		Fault:  "a session that expires",
		Mend: "The goroutine registers the instance only if it is still registered, and tries again after an error. It deletes a znode only if " +
			"another session owns it. An instance whose registration or deregistration failed is deleted as soon as a server answers.",
		Mended: workloads.Discovery{New: newMended},
	},
}

// mark begins the data of an instance's znode.
const mark = "kratos:"

// Registry is the registry of one client.
type Registry struct {
	c      *subjects.Client
	path   string
	mended bool
	name   string
	mine   chan string // mended: holds the name of the instance, "" for none, while nothing happens to it
	list   port.List
	end    context.Context
	stop   context.CancelFunc
}

// New returns the registry of a client.
func New(c *subjects.Client, path string) (subjects.Service, error) { return newRegistry(c, path) }

func newRegistry(c *subjects.Client, path string) (*Registry, error) {
	r := &Registry{c: c, path: path}
	r.end, r.stop = context.WithCancel(context.Background())
	r.list.Read = func() ([]string, <-chan zk.Event, error) { return r.services(true) }
	r.list.Pause, r.list.End = time.Second, r.end
	return r, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string) (subjects.Service, error) {
	r, err := newRegistry(c, path)
	r.mended, r.list.Again, r.mine = true, time.Second, make(chan string, 1)
	r.mine <- ""
	if err == nil {
		go r.renew()
	}
	return r, err
}

// ensure is ensureName for an ephemeral znode.
func (r *Registry) ensure(name string) error {
	node := r.path + "/" + name
	there, stat, err := r.c.Conn.Exists(node)
	if err != nil {
		return err
	}
	if r.mended && there && stat.EphemeralOwner == r.c.Conn.SessionID() {
		return nil
	}
	if err := r.c.Conn.Delete(node, stat.Version); err != nil && !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	_, err = r.c.Conn.Create(node, []byte(mark+name), zk.FlagEphemeral, port.ACL)
	return err
}

// reRegister looks each second whether there is another session.
func (r *Registry) reRegister(name string) {
	session := r.c.Conn.SessionID()
	for port.Wait(r.end, time.Second) {
		if now := r.c.Conn.SessionID(); now > 0 && now != session {
			if r.ensure(name) != nil {
				return
			}
			session = now
		}
	}
}

// renew is reRegister of the mended registry.
func (r *Registry) renew() {
	for port.Wait(r.end, time.Second) {
		name := <-r.mine
		if name != "" {
			port.Surely(r.end, func() error { return r.ensure(name) })
		}
		r.mine <- name
	}
}

// Register is Register.
func (r *Registry) Register(ctx context.Context, name string) error {
	if r.mended {
		return r.registerMended(ctx, name)
	}
	r.name = name
	if err := r.ensure(name); err != nil {
		return err
	}
	go r.reRegister(name)
	return nil
}

func (r *Registry) registerMended(ctx context.Context, name string) error {
	<-r.mine
	err := port.Again(ctx, func() error { return r.ensure(name) })
	if err != nil {
		go r.remove(name)
		name = ""
	}
	r.mine <- name
	return err
}

func (r *Registry) remove(name string) {
	port.Surely(r.end, func() error { return r.c.Conn.Delete(r.path+"/"+name, -1) })
}

// Unregister is Deregister.
func (r *Registry) Unregister(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		if !r.mended {
			done <- r.c.Conn.Delete(r.path+"/"+r.name, -1)
			return
		}
		name := <-r.mine
		r.mine <- ""
		r.remove(name)
		done <- nil
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-done:
		return err
	}
}

func (r *Registry) services(watch bool) (names []string, events <-chan zk.Event, err error) {
	var nodes []string
	if watch {
		nodes, _, events, err = r.c.Conn.ChildrenW(r.path)
	} else {
		nodes, _, err = r.c.Conn.Children(r.path)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, node := range nodes {
		data, _, err := r.c.Conn.Get(r.path + "/" + node)
		if errors.Is(err, zk.ErrNoNode) && r.mended {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if name, ok := strings.CutPrefix(string(data), mark); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, events, nil
}

// Lookup is GetService.
func (r *Registry) Lookup(context.Context) ([]string, error) {
	names, _, err := r.services(false)
	return names, err
}

// Changed waits for another list than the one that it returned last.
func (r *Registry) Changed(ctx context.Context) ([]string, error) { return r.list.Changed(ctx) }

// Pick picks from the list.
func (r *Registry) Pick(context.Context) (string, error) {
	now := r.list.Now()
	if len(now) == 0 {
		return "", nil
	}
	return now[rand.IntN(len(now))], nil
}

// Close ends the background work.
func (r *Registry) Close(context.Context) error { r.stop(); return nil }
