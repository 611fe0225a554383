package recipes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// fault is the fate of one request to a fake, for what a real server cannot be made to
// do at will.
type fault int

const (
	fine            fault = iota
	lostRequest           // not carried out
	lostReply             // carried out
	nextSession           // the session expires first, the request is carried out in the next one
	lastOfSession         // carried out, but the session expires before there is a reply
	silence               // neither carried out nor answered until the fake speaks again
	refused               // because a permission is missing
	lostReplyBehind       // carried out, but the next server does not know it
)

// tree is shared by all fakes of a test.
type tree struct {
	mu    sync.Mutex
	zxid  int64
	nodes map[string]*znode
	fakes []*fake
}

type znode struct {
	data    []byte
	stat    zk.Stat
	counter int32
}

// fake is a connection to a tree.
type fake struct {
	tree    *tree
	faults  func(op, path string) fault
	spoken  chan struct{} // closed when silence ends
	sid     int64
	state   zk.State
	watches map[string][]chan zk.Event // "data " or "children " + path
	events  chan zk.Event
	behind  map[string]*znode // what a server that lags behind shows, until the next write
}

func newTree() *tree { return &tree{nodes: map[string]*znode{"/": {}}} }

// connect returns a connection with a session, and the recipes' client on it, which is closed
// at the end of the test if the test has not done so. Call it in a bubble of
// testing/synctest.
func (tr *tree) connect(t *testing.T, timeout time.Duration, options ...Option) (*fake, *Client) {
	f, cl := tr.connectOpen(timeout, options...)
	t.Cleanup(func() {
		must(t, cl.Close(context.Background()))
		f.close()
	})
	return f, cl
}

// connectOpen is like connect, for a test that closes its client itself because Close
// fails.
func (tr *tree) connectOpen(timeout time.Duration, options ...Option) (*fake, *Client) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	f := &fake{
		tree: tr, state: zk.StateHasSession, watches: map[string][]chan zk.Event{},
		events: make(chan zk.Event, 100), spoken: make(chan struct{}),
		sid: int64(len(tr.fakes)+1) << 8,
	}
	tr.fakes = append(tr.fakes, f)
	return f, clientOf(f, f.events, timeout, append([]Option{withJitter(true)}, options...)...)
}

// withJitter sets whether a client has jitter, as in a simulation.
func withJitter(is bool) Option { return func(c *Client) { c.options.Jitter = is } }

// clientOver is the client that a recipe was made with.
func clientOver(cl *client.Client) *Client { return &Client{client: cl} }

func (f *fake) SessionID() int64 {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	return f.sid
}

func (f *fake) State() zk.State {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	return f.state
}

// renew expires the session and begins the next one.
func (f *fake) renew() {
	for _, path := range f.tree.paths() {
		if f.tree.nodes[path].stat.EphemeralOwner == f.sid {
			f.tree.remove(path)
		}
	}
	f.sid++
	for key, channels := range f.watches {
		for _, ch := range channels {
			ch <- zk.Event{Type: zk.EventNotWatching, Err: zk.ErrSessionExpired}
			close(ch)
		}
		delete(f.watches, key)
	}
}

// expire ends the session on the server; the client learns of it at once.
func (f *fake) expire() {
	f.tree.mu.Lock()
	f.renew()
	f.tree.mu.Unlock()
	f.events <- zk.Event{Type: zk.EventSession, State: zk.StateExpired}
	f.events <- zk.Event{Type: zk.EventSession, State: zk.StateHasSession}
}

// serve carries out a request, as the fault says.
func serve[T any](f *fake, op, path string, do func() (T, error)) (T, error) {
	f.tree.mu.Lock()
	kind := fine
	if f.faults != nil {
		kind = f.faults(op, path)
	}
	f.tree.mu.Unlock()
	var none T
	if kind == silence {
		<-f.spoken
	}
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	if kind == lostRequest || f.state != zk.StateHasSession {
		return none, zk.ErrConnectionClosed
	}
	if kind == lostReplyBehind {
		f.lag()
	} else if !slices.Contains([]string{"get", "getW", "existsW", "children", "childrenW"}, op) {
		f.behind = nil
	}
	if kind == refused {
		return none, zk.ErrNoAuth
	}
	if kind == nextSession {
		f.renew()
	}
	v, err := do()
	if kind == lastOfSession {
		f.renew()
	}
	if kind == lostReply || kind == lostReplyBehind || kind == lastOfSession {
		return none, zk.ErrConnectionClosed
	}
	return v, err
}

func (f *fake) Create(path string, data []byte, flags int32, _ []zk.ACL) (string, error) {
	return serve(f, "create", path, func() (string, error) { return f.tree.create(path, data, flags, f.sid) })
}

func (f *fake) Delete(path string, version int32) error {
	_, err := serve(f, "delete", path, func() (struct{}, error) { return struct{}{}, f.tree.delete(path, version) })
	return err
}

func (f *fake) Exists(path string) (bool, *zk.Stat, error) {
	_, stat, err := f.Get(path)
	if err == zk.ErrNoNode {
		return false, nil, nil
	}
	return err == nil, stat, err
}

func (f *fake) ExistsW(path string) (bool, *zk.Stat, <-chan zk.Event, error) {
	v, err := serve(f, "existsW", path, func() (client.Value, error) {
		v, err := f.view().get(path)
		if err == zk.ErrNoNode {
			v.Stat, err = nil, nil
		}
		v.Changed = f.watch("data " + path)
		return v, err
	})
	return v.Stat != nil, v.Stat, v.Changed, err
}

func (f *fake) Get(path string) ([]byte, *zk.Stat, error) {
	v, err := serve(f, "get", path, func() (client.Value, error) { return f.view().get(path) })
	return v.Data, v.Stat, err
}

func (f *fake) GetW(path string) ([]byte, *zk.Stat, <-chan zk.Event, error) {
	v, err := serve(f, "getW", path, func() (client.Value, error) {
		v, err := f.view().get(path)
		if err == nil {
			v.Changed = f.watch("data " + path)
		}
		return v, err
	})
	return v.Data, v.Stat, v.Changed, err
}

func (f *fake) Set(path string, data []byte, version int32) (*zk.Stat, error) {
	return serve(f, "set", path, func() (*zk.Stat, error) { return f.tree.set(path, data, version) })
}

func (f *fake) Children(path string) ([]string, *zk.Stat, error) {
	l, err := serve(f, "children", path, func() (client.Value, error) { return f.view().list(path) })
	return l.Names, nil, err
}

func (f *fake) ChildrenW(path string) ([]string, *zk.Stat, <-chan zk.Event, error) {
	l, err := serve(f, "childrenW", path, func() (client.Value, error) {
		l, err := f.view().list(path)
		if err == nil {
			l.Changed = f.watch("children " + path)
		}
		return l, err
	})
	return l.Names, nil, l.Changed, err
}

func (f *fake) Multi(ops ...any) ([]zk.MultiResponse, error) {
	return serve(f, "multi", fmt.Sprint(ops...), func() ([]zk.MultiResponse, error) {
		f.tree.zxid++
		at := f.tree.zxid // the zxid of all that the request does
		results := make([]zk.MultiResponse, len(ops))
		made := map[string]bool{}
		for i, op := range ops {
			switch op := op.(type) {
			case *zk.CreateRequest:
				made[op.Path] = true
			case *zk.DeleteRequest:
				if made[op.Path] { // as the znode will be by then
					continue
				}
			}
			if results[i].Error = f.tree.possible(op); results[i].Error != nil {
				return results, results[i].Error
			}
		}
		for i, op := range ops {
			f.tree.zxid = at - 1
			switch op := op.(type) {
			case *zk.CreateRequest:
				results[i].String, _ = f.tree.create(op.Path, op.Data, op.Flags, f.sid)
			case *zk.DeleteRequest:
				_ = f.tree.delete(op.Path, op.Version)
			case *zk.SetDataRequest:
				_, _ = f.tree.set(op.Path, op.Data, op.Version)
			}
		}
		f.tree.zxid = at
		return results, nil
	})
}

// possible returns the reason why an op of a multi cannot be done. Here, no two ops of
// one multi concern the same znode, except that one may create it and another one
// delete it.
func (tr *tree) possible(op any) error {
	path, version := "", int32(-1)
	switch op := op.(type) {
	case *zk.CheckVersionRequest:
		path, version = op.Path, op.Version
	case *zk.CreateRequest:
		path = znodes.Parent(op.Path)
		if op.Flags&zk.FlagSequence == 0 && tr.nodes[path] != nil && tr.nodes[op.Path] != nil {
			return zk.ErrNodeExists
		}
	case *zk.DeleteRequest:
		path, version = op.Path, op.Version
	case *zk.SetDataRequest:
		path, version = op.Path, op.Version
	}
	n := tr.nodes[path]
	switch {
	case n == nil:
		return zk.ErrNoNode
	case version >= 0 && version != n.stat.Version:
		return zk.ErrBadVersion
	}
	return nil
}

// lag makes reads show the present state until the next write of this client.
func (f *fake) lag() {
	f.behind = make(map[string]*znode)
	for path, n := range f.tree.nodes {
		old := *n
		f.behind[path] = &old
	}
}

// catchUp makes reads show the present state again.
func (f *fake) catchUp() {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	f.behind = nil
}

// view returns the tree that reads show.
func (f *fake) view() *tree {
	if f.behind != nil {
		return &tree{nodes: f.behind}
	}
	return f.tree
}

func (f *fake) watch(key string) chan zk.Event {
	ch := make(chan zk.Event, 1)
	f.watches[key] = append(f.watches[key], ch)
	return ch
}

// fire reports an event of a znode to the clients that watch key, first in the connection's
// events, as go-zookeeper does.
func (tr *tree) fire(key string, kind zk.EventType, path string) {
	e := zk.Event{Type: kind, State: zk.StateHasSession, Path: path}
	for _, f := range tr.fakes {
		if len(f.watches[key]) > 0 {
			f.tell(e)
		}
		for _, ch := range f.watches[key] {
			ch <- e
			close(ch)
		}
		delete(f.watches, key)
	}
}

// tell sends an event, or drops it if there is no room, as go-zookeeper does.
func (f *fake) tell(e zk.Event) {
	select {
	case f.events <- e:
	default:
	}
}

// close ends the events.
func (f *fake) close() {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	clear(f.watches)
	close(f.events)
}

func (tr *tree) paths() []string {
	var paths []string
	for path := range tr.nodes {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func (tr *tree) create(path string, data []byte, flags int32, sid int64) (string, error) {
	tr.zxid++
	up := tr.nodes[znodes.Parent(path)]
	if up == nil {
		return "", zk.ErrNoNode
	}
	if flags&zk.FlagSequence != 0 {
		path += fmt.Sprintf("%010d", up.counter)
	}
	if tr.nodes[path] != nil {
		return "", zk.ErrNodeExists
	}
	up.counter++
	n := &znode{data: data, stat: zk.Stat{Czxid: tr.zxid, Mzxid: tr.zxid, Pzxid: tr.zxid}}
	up.stat.Pzxid = tr.zxid
	if flags&zk.FlagEphemeral != 0 {
		n.stat.EphemeralOwner = sid
	}
	tr.nodes[path] = n
	tr.fire("data "+path, zk.EventNodeCreated, path)
	tr.fire("children "+znodes.Parent(path), zk.EventNodeChildrenChanged, znodes.Parent(path))
	return path, nil
}

func (tr *tree) delete(path string, version int32) error {
	tr.zxid++
	n := tr.nodes[path]
	switch {
	case n == nil:
		return zk.ErrNoNode
	case version >= 0 && version != n.stat.Version:
		return zk.ErrBadVersion
	}
	tr.remove(path)
	return nil
}

func (tr *tree) remove(path string) {
	delete(tr.nodes, path)
	if up := tr.nodes[znodes.Parent(path)]; up != nil {
		up.stat.Pzxid = tr.zxid
	}
	tr.fire("data "+path, zk.EventNodeDeleted, path)
	tr.fire("children "+path, zk.EventNodeDeleted, path)
	tr.fire("children "+znodes.Parent(path), zk.EventNodeChildrenChanged, znodes.Parent(path))
}

func (tr *tree) get(path string) (client.Value, error) {
	n := tr.nodes[path]
	if n == nil {
		return client.Value{}, zk.ErrNoNode
	}
	stat := n.stat
	for p := range tr.nodes {
		if p != "/" && znodes.Parent(p) == path {
			stat.NumChildren++
		}
	}
	return client.Value{Data: n.data, Stat: &stat}, nil
}

func (tr *tree) set(path string, data []byte, version int32) (*zk.Stat, error) {
	tr.zxid++
	n := tr.nodes[path]
	switch {
	case n == nil:
		return nil, zk.ErrNoNode
	case version >= 0 && version != n.stat.Version:
		return nil, zk.ErrBadVersion
	}
	n.data = data
	n.stat.Version++
	n.stat.Mzxid = tr.zxid
	tr.fire("data "+path, zk.EventNodeDataChanged, path)
	stat := n.stat
	return &stat, nil
}

func (tr *tree) list(path string) (client.Value, error) {
	if tr.nodes[path] == nil {
		return client.Value{}, zk.ErrNoNode
	}
	var names []string
	for _, p := range tr.paths() {
		if p != "/" && znodes.Parent(p) == path {
			names = append(names, znodes.Base(p))
		}
	}
	return client.Value{Names: names}, nil
}

// children lists a folder of the tree.
func (tr *tree) children(path string) []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	l, _ := tr.list(path)
	return l.Names
}

// fail makes faults decide the fate of requests to come, one at a time.
func (f *fake) fail(faults func(op, path string) fault) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	f.faults = faults
}

// connected sets whether the connection is up.
func (f *fake) connected(up bool) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	f.state = zk.StateDisconnected
	if up {
		f.state = zk.StateHasSession
	}
}

// nth returns a fault for the nth request whose operation and path contain the given
// texts.
func nth(n int, op, path string, kind fault) func(op, path string) fault {
	return func(o, p string) fault {
		if strings.Contains(o, op) && strings.Contains(p, path) {
			n--
			if n == 0 {
				return kind
			}
		}
		return fine
	}
}
