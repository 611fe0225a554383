// Package curatordiscovery is Curator's service discovery: an ephemeral znode for each instance, and a cache that lists them
// again after each event.
package curatordiscovery

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "curatordiscovery",
	Program: "Apache Curator, ServiceDiscovery",
	File:    "apache/curator, curator-x-discovery/src/main/java/org/apache/curator/x/discovery/details/ServiceDiscoveryImpl.java, with ServiceCacheImpl",
	Version: "commit 03879d1e (April 2015, after 2.7.0); commit 88dee99a (July 2026) still deletes the znode and creates it anew",
	LeftOut: "There is one service, whose instances have no data but their names. Curator repeats requests that got no answer; the port does so " +
		"five times.",
	Promises:    "A registered instance is listed as long as its client lives, even if its session ends and it gets another one.",
	NotPromised: "A list is read znode by znode, so it need not show the instances at one moment.",
	AsIs:        workloads.Discovery{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.WhoseZnode,
		Happens: "After each reconnection the client registers again: it deletes the znode and creates it anew, even if its own session still owns " +
			"it. (The source does so on purpose, to wake the watchers.) In between, a healthy instance is missing from the lists, and for " +
			"longer if the connection breaks in between.",
		Breaks: []string{"fresh", "monotone", "pick", "converge"},
		Fault:  "a broken connection",
		Mend: "The client leaves a znode that its session owns, and replaces only one of an earlier session. It forgets an instance whose " +
			"registration or deletion failed, and deletes its znode as soon as a server answers. The cache also reads the list again each " +
			"second.",
		Mended: workloads.Discovery{New: newMended},
	},
}

// holder is an Entry of the source: an instance, and its lock.
type holder struct {
	name string
	mu   chan struct{}
}

// Discovery is the source's ServiceDiscoveryImpl.
type Discovery struct {
	c        *subjects.Client
	path     string
	mended   bool
	mine     string
	mu       sync.Mutex
	services map[string]*holder
	cache    port.List // ServiceCacheImpl
	end      context.Context
	stop     context.CancelFunc
}

// New returns the discovery of a client.
func New(c *subjects.Client, path string) (subjects.Service, error) {
	d := &Discovery{c: c, path: path, services: map[string]*holder{}}
	d.end, d.stop = context.WithCancel(context.Background())
	d.cache.Read = func() ([]string, <-chan zk.Event, error) { return d.list(d.end, true) }
	d.cache.Pause, d.cache.End = 100*time.Millisecond, d.end
	events := c.Subscribe(d.end)
	go func() {
		down := false
		for e := range events {
			switch e.State {
			case zk.StateDisconnected, zk.StateExpired:
				down = true
			case zk.StateHasSession:
				if down {
					down = false
					d.again()
				}
			}
		}
	}()
	return d, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string) (subjects.Service, error) {
	d, err := New(c, path)
	d.(*Discovery).mended, d.(*Discovery).cache.Again = true, time.Second
	return d, err
}

// again is reRegisterServices after a reconnection.
func (d *Discovery) again() {
	d.mu.Lock()
	var all []*holder
	for _, e := range d.services {
		all = append(all, e)
	}
	d.mu.Unlock()
	for _, e := range all {
		e.mu <- struct{}{}
		err := d.create(d.end, e.name)
		<-e.mu
		if err != nil {
			return // "could not re-register"
		}
	}
}

func (d *Discovery) create(ctx context.Context, name string) error {
	for range 2 {
		err := port.Again(ctx, func() error {
			_, err := d.c.Conn.Create(d.path+"/"+name, []byte("instance:"+name), zk.FlagEphemeral, port.ACL)
			return err
		})
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
		if d.mended {
			if ours, err := d.ours(ctx, name); ours || err != nil {
				return err
			}
		}
		if err := port.Again(ctx, func() error { return d.c.Conn.Delete(d.path+"/"+name, -1) }); err != nil && !(d.mended && errors.Is(err, zk.ErrNoNode)) {
			return err
		}
	}
	return nil // as in the source: if the znode existed twice, it is not checked again
}

// ours reports whether the session owns the znode of an instance.
func (d *Discovery) ours(ctx context.Context, name string) (ours bool, err error) {
	err = port.Again(ctx, func() error {
		there, stat, err := d.c.Conn.Exists(d.path + "/" + name)
		ours = there && stat.EphemeralOwner == d.c.Conn.SessionID()
		return err
	})
	return ours, err
}

// Register is registerService.
func (d *Discovery) Register(ctx context.Context, name string) error {
	e := &holder{name, make(chan struct{}, 1)}
	d.mine = name
	d.mu.Lock()
	d.services[name] = e
	d.mu.Unlock()
	e.mu <- struct{}{}
	defer func() { <-e.mu }()
	err := d.create(ctx, name)
	if err != nil && d.mended {
		d.forget(name)
	}
	return err
}

// forget makes sure that an instance whose registration failed is not registered again, and not left behind.
func (d *Discovery) forget(name string) {
	d.mu.Lock()
	delete(d.services, name)
	d.mu.Unlock()
	go port.Surely(d.end, func() error { return d.c.Conn.Delete(d.path+"/"+name, -1) })
}

// Unregister is the source's unregisterService.
func (d *Discovery) Unregister(ctx context.Context) error {
	d.mu.Lock()
	e := d.services[d.mine]
	delete(d.services, d.mine)
	d.mu.Unlock()
	if e == nil {
		return nil
	}
	e.mu <- struct{}{}
	defer func() { <-e.mu }()
	path := d.path + "/" + e.name
	err := port.Again(ctx, func() error { return d.c.Conn.Delete(path, -1) })
	if errors.Is(err, zk.ErrNoNode) {
		return nil
	}
	if err != nil && d.mended {
		d.forget(e.name)
	} else if err != nil { // guaranteed()
		go func() { _ = port.Patiently(d.end, func() error { return d.c.Conn.Delete(path, -1) }) }()
	}
	return err
}

func (d *Discovery) list(ctx context.Context, watch bool) (names []string, events <-chan zk.Event, err error) {
	var ids []string
	err = port.Again(ctx, func() (err error) {
		if watch {
			ids, _, events, err = d.c.Conn.ChildrenW(d.path)
		} else {
			ids, _, err = d.c.Conn.Children(d.path)
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		var data []byte
		err := port.Again(ctx, func() (err error) { data, _, err = d.c.Conn.Get(d.path + "/" + id); return err })
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if s := string(data); len(s) > 9 && s[:9] == "instance:" && s[9:] == id {
			names = append(names, id)
		}
	}
	slices.Sort(names)
	return names, events, nil
}

// Lookup is the source's queryForInstances.
func (d *Discovery) Lookup(ctx context.Context) ([]string, error) {
	names, _, err := d.list(ctx, false)
	return names, err
}

// Changed waits until the cache's list differs from the one that it returned last.
func (d *Discovery) Changed(ctx context.Context) ([]string, error) { return d.cache.Changed(ctx) }

// Pick picks from the cache.
func (d *Discovery) Pick(context.Context) (string, error) {
	now := d.cache.Now()
	if len(now) == 0 {
		return "", nil
	}
	return now[rand.IntN(len(now))], nil
}

// Close ends the background work.
func (d *Discovery) Close(context.Context) error { d.stop(); return nil }
