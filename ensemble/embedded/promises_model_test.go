package embedded_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// model is the state of an ensemble as the Programmer's Guide describes it, one
// request after another, written for these tests and as plainly as possible: it
// shares nothing with the servers' own tree.
type model struct {
	nodes    map[string]*znode
	sessions map[int64]bool
	undo     []func()    // undo the present request
	events   []happening // of the present request
}

type znode struct {
	stat      wire.Stat // except Cversion and NumChildren
	data      []byte
	creates   int32 // children ever created
	children  map[string]bool
	container bool
	ttl       time.Duration
}

// happening is an event that a watch can report, in order.
type happening struct {
	typ  wire.EventType
	path string
}

func newModel() *model {
	m := &model{nodes: map[string]*znode{}, sessions: map[int64]bool{}}
	for _, path := range []string{"/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota"} {
		m.nodes[path] = &znode{children: map[string]bool{}}
		if path != "/" {
			m.nodes[parent(path)].children[path] = true
		}
	}
	return m
}

func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 1)]
}

// asked is a request at its position in the order.
type asked struct {
	op      wire.Op
	req     any
	session int64
	zxid    int64
	millis  int64
}

// do performs a write, or nothing if it returns an error code. The result has what the reply has.
func (m *model) do(a asked) (wire.OpResult, []wire.OpResult, wire.Code) {
	m.undo, m.events = m.undo[:0], nil
	ops, ok := a.req.([]wire.MultiOp)
	if !ok {
		r, code := m.one(a)
		return r, nil, code
	}
	var results []wire.OpResult
	for i, o := range ops {
		one := a
		one.op, one.req = o.Op, o.Request
		r, code := m.one(one)
		if code != wire.OK {
			m.rollback()
			return wire.OpResult{}, failed(len(ops), i, code), wire.OK
		}
		results = append(results, r)
	}
	return wire.OpResult{}, results, wire.OK
}

// failed returns the results of a multi of which one operation failed.
func failed(n, culprit int, code wire.Code) []wire.OpResult {
	results := make([]wire.OpResult, n)
	for i := range results {
		results[i] = wire.OpResult{Op: wire.ErrorOp}
		switch {
		case i == culprit:
			results[i].Err = code
		case i > culprit:
			results[i].Err = wire.RuntimeInconsistency
		}
	}
	return results
}

func (m *model) rollback() {
	for _, undo := range slices.Backward(m.undo) {
		undo()
	}
	m.events = nil
}

func (m *model) one(a asked) (wire.OpResult, wire.Code) {
	res := wire.OpResult{Op: a.op}
	var code wire.Code
	switch r := a.req.(type) {
	case *wire.CreateRequest:
		res.Path, res.Stat, code = m.create(a, r)
	case *wire.SetDataRequest:
		res.Stat, code = m.set(a, r)
	case *wire.VersionRequest:
		if code = m.check(r.Path, r.Version); code == wire.OK && a.op == wire.Delete {
			code = m.delete(r.Path, a.zxid)
		}
	default:
		panic(fmt.Sprintf("no write: %v", a.op))
	}
	return res, code
}

func (m *model) create(a asked, r *wire.CreateRequest) (string, wire.Stat, wire.Code) {
	above := m.nodes[parent(r.Path)]
	if above == nil {
		return "", wire.Stat{}, wire.NoNode
	}
	path := r.Path
	switch r.Mode {
	case wire.PersistentSequential, wire.EphemeralSequential, wire.PersistentSequentialTTL:
		path = fmt.Sprintf("%s%010d", path, above.creates)
	}
	switch {
	case m.nodes[path] != nil:
		return "", wire.Stat{}, wire.NodeExists
	case above.ephemeral():
		return "", wire.Stat{}, wire.NoChildrenForEphemerals
	}
	n := &znode{data: r.Data, children: map[string]bool{}}
	n.stat = wire.Stat{
		Czxid: a.zxid, Mzxid: a.zxid, Pzxid: a.zxid, Ctime: a.millis, Mtime: a.millis, DataLength: int32(len(r.Data)),
	}
	switch {
	case a.op == wire.CreateContainer:
		n.container = true
	case a.op == wire.CreateTTL:
		n.ttl = r.TTL
	case r.Mode == wire.Ephemeral || r.Mode == wire.EphemeralSequential:
		n.stat.EphemeralOwner = a.session
	}
	m.put(path, n)
	m.touch(above)
	above.children[path] = true
	above.creates++
	above.stat.Pzxid = a.zxid
	m.event(wire.EventCreated, path)
	m.event(wire.EventChildrenChanged, parent(path))
	return path, n.seen(), wire.OK
}

func (m *model) set(a asked, r *wire.SetDataRequest) (wire.Stat, wire.Code) {
	if code := m.check(r.Path, r.Version); code != wire.OK {
		return wire.Stat{}, code
	}
	n := m.nodes[r.Path]
	m.touch(n)
	n.data = r.Data
	n.stat.Version++
	n.stat.Mzxid, n.stat.Mtime, n.stat.DataLength = a.zxid, a.millis, int32(len(r.Data))
	m.event(wire.EventDataChanged, r.Path)
	return n.seen(), wire.OK
}

func (m *model) check(path string, version int32) wire.Code {
	switch n := m.nodes[path]; {
	case n == nil:
		return wire.NoNode
	case version != -1 && version != n.stat.Version:
		return wire.BadVersion
	}
	return wire.OK
}

func (m *model) delete(path string, zxid int64) wire.Code {
	if len(m.nodes[path].children) > 0 {
		return wire.NotEmpty
	}
	m.put(path, nil)
	above := m.nodes[parent(path)]
	m.touch(above)
	delete(above.children, path)
	above.stat.Pzxid = zxid
	m.event(wire.EventDeleted, path)
	m.event(wire.EventChildrenChanged, parent(path))
	return wire.OK
}

// sweepable describes why the leader may delete a znode by itself: the znode is a container that had
// children and has none, or has a time to live since its last change.
type sweepable struct {
	idle  bool
	ttl   time.Duration
	mtime int64
}

func (m *model) sweepable(path string) sweepable {
	n := m.nodes[path]
	if n == nil || len(n.children) > 0 {
		return sweepable{}
	}
	return sweepable{n.container && n.creates > 0, n.ttl, n.stat.Mtime}
}

func (s sweepable) due(millis int64) bool {
	return s.idle || s.ttl > 0 && millis-s.mtime > s.ttl.Milliseconds()
}

// end ends a session: paths are its ephemerals in the order of their deletion.
func (m *model) end(session, zxid int64, paths []string) error {
	m.undo, m.events = m.undo[:0], nil
	if !m.sessions[session] {
		return fmt.Errorf("there is no session %#x to close", session)
	}
	delete(m.sessions, session)
	owned := m.ephemerals(session)
	if gone := slices.Sorted(slices.Values(paths)); !slices.Equal(gone, owned) {
		return fmt.Errorf("the end of session %#x takes %v, it has %v", session, gone, owned)
	}
	for _, path := range paths {
		m.delete(path, zxid)
	}
	return nil
}

func (m *model) ephemerals(session int64) (paths []string) {
	for path, n := range m.nodes {
		if n.ephemeral() && n.stat.EphemeralOwner == session {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

func (n *znode) ephemeral() bool { return n.stat.EphemeralOwner != 0 }

// seen returns the stat as clients see it.
func (n *znode) seen() wire.Stat {
	s := n.stat
	s.NumChildren = int32(len(n.children))
	s.Cversion = 2*n.creates - s.NumChildren
	return s
}

func (m *model) put(path string, n *znode) {
	before := m.nodes[path]
	m.undo = append(m.undo, func() { m.place(path, before) })
	m.place(path, n)
}

func (m *model) place(path string, n *znode) {
	if n == nil {
		delete(m.nodes, path)
		return
	}
	m.nodes[path] = n
}

// touch saves a node before it is changed.
func (m *model) touch(n *znode) {
	before := *n
	before.children = maps.Clone(n.children)
	m.undo = append(m.undo, func() { *n = before })
}

func (m *model) event(typ wire.EventType, path string) {
	m.events = append(m.events, happening{typ, path})
}

// agrees compares the reply to a read with the state.
func (m *model) agrees(op wire.Op, req, result any, code wire.Code) error {
	path := req.(*wire.ReadRequest).Path
	n := m.nodes[path]
	switch {
	case n == nil && code == wire.NoNode:
		return nil
	case n == nil:
		return fmt.Errorf("%s is not there, the reply has %v %+v", path, code, result)
	case code != wire.OK:
		return fmt.Errorf("%s is there, the reply is %v", path, code)
	case path == "/zookeeper/config":
		return nil // each server writes this znode itself
	}
	return n.agrees(path, op, result)
}

func (n *znode) agrees(path string, op wire.Op, result any) error {
	want := n.seen()
	switch r := result.(type) {
	case wire.Stat:
		return differs(path, want, r)
	case wire.DataReply:
		if !bytes.Equal(n.data, r.Data) {
			return fmt.Errorf("the data of %s are %q, the reply has %q", path, n.data, r.Data)
		}
		return differs(path, want, r.Stat)
	case wire.ChildrenReply:
		if want, got := n.names(path), slices.Sorted(slices.Values(r.Children)); !slices.Equal(want, got) {
			return fmt.Errorf("the children of %s are %v, the reply has %v", path, want, got)
		}
		if op == wire.GetChildren2 {
			return differs(path, want, r.Stat)
		}
		return nil
	}
	return fmt.Errorf("the reply to %v has a %T", op, result)
}

func (n *znode) names(path string) (names []string) {
	for child := range n.children {
		names = append(names, strings.TrimPrefix(strings.TrimPrefix(child, path), "/"))
	}
	slices.Sort(names)
	return names
}

func differs(path string, want, got wire.Stat) error {
	if want != got {
		return fmt.Errorf("the stat of %s is %+v, the reply has %+v", path, want, got)
	}
	return nil
}
