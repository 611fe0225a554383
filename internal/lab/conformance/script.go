package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Script has the requests of some clients, and says what the replies show about the servers.
type Script struct {
	Name   string // what it is about
	Shows  string // what a right server shows
	Source string // of the rule
	needs  string // an ability that other servers may lack, or may not grant; "" if the script needs none
	since  [2]int // the version since which servers do so; zero if they always have
	odd    bool   // sends requests that no client library sends; they can stop a server from before 3.9
	steps  steps
}

// steps lists what clients do, one step after another. It is a value, so that rapid can
// shrink it and people can read a failure.
//
// Paths are relative to a root that is fresh for every run; a path that begins with "!" is sent as it
// is, without the "!" and the root, and "{root}" in it stands for the root.
type steps []step

func (s steps) String() string {
	lines := make([]string, len(s))
	for i, st := range s {
		lines[i] = st.String()
	}
	return strings.Join(lines, "\n")
}

// step is one thing that one client does: ask, join, drop, wait, until, gone or end.
type step interface {
	fmt.Stringer
	run(*runner)
}

// client is one of the clients of a script. Each has a session of its own. A client without a
// connection opens one before its next request: to its last server, or at first to the server with the
// client's own number.
type client int

const (
	alice client = iota
	bob
	carol
	clients
)

func (c client) String() string { return [...]string{"alice", "bob", "carol"}[c] }

// ask sends requests in one go and reads their replies.
type ask struct {
	who  client
	reqs []req
	// old sends the requests through the connection that the client had before its last join, if the
	// join kept that open.
	old bool
	// fresh sends the requests at once: the client's server may not yet have applied the writes of
	// other clients.
	fresh bool
}

func (a ask) String() string {
	var b strings.Builder
	b.WriteString(a.who.String())
	if a.fresh {
		b.WriteString(" at once")
	}
	if a.old {
		b.WriteString(" through the old connection")
	}
	for _, r := range a.reqs {
		b.WriteString("  " + r.String())
	}
	return b.String()
}

// req is one request. Its record goes to wire.AppendRequest, or is a
// zkclient.Raw.
type req struct {
	op  wire.Op
	rec any
	// xid, unless 0, replaces the xid that the client would use.
	xid int32
}

func (r req) String() string {
	s := strings.TrimSpace(r.op.String() + " " + record(r.rec))
	if r.xid != 0 {
		s += fmt.Sprintf(" xid=%d", r.xid)
	}
	return s
}

// join opens a connection. If the client has one, it closes that first, unless keep is set.
type join struct {
	who      client
	server   int // from 1
	as       identity
	lastZxid mark
	keep     bool // the previous connection stays open
	short    bool // without the byte for readOnly
	readOnly bool
	timeout  time.Duration
}

// identity says which session a connect request names.
type identity int

const (
	own           identity = iota // the client's session, or a new one if it has none
	wrongPassword                 // the client's, with another password
	noPassword                    // the client's, with an empty password
	unknown                       // a session that never existed
)

func (i identity) String() string {
	return [...]string{"as itself", "with a wrong password", "without a password", "as nobody known"}[i]
}

// mark chooses the zxid that a client sends.
type mark int

const (
	seen  mark = iota // the highest that the client had seen when it lost its last connection
	zero              //
	ahead             // a zxid that no server has reached
)

func (m mark) String() string { return [...]string{"seen", "zero", "ahead"}[m] }

func (c join) String() string {
	b := fmt.Sprintf("%s connects to %d %s, zxid %s", c.who, c.server, c.as, c.lastZxid)
	if c.keep {
		b += ", keeps the old connection"
	}
	if c.short {
		b += ", short form"
	}
	if c.readOnly {
		b += ", read-only"
	}
	if c.timeout != 0 {
		b += fmt.Sprintf(", time-out %v", c.timeout)
	}
	return b
}

// drop closes the connection, not the session.
type drop struct{ who client }

func (d drop) String() string { return d.who.String() + " drops its connection" }

// wait lets time pass while no client does anything.
type wait struct{ d time.Duration }

func (w wait) String() string { return fmt.Sprintf("%v pass", w.d) }

// until reads the data of a znode until it is the expected data; the client does nothing else
// meanwhile.
type until struct {
	who        client
	path, data string
}

func (u until) String() string {
	return fmt.Sprintf("%s reads %q until it is %q", u.who, u.path, u.data)
}

// gone asks whether a znode exists until it does not; the client does nothing else meanwhile. How late servers may
// expire a session, or delete a znode, is not promised.
type gone struct {
	who  client
	path string
}

func (g gone) String() string {
	return fmt.Sprintf("%s asks for %q until it is gone", g.who, g.path)
}

// end closes the session.
type end struct {
	who client
	old bool
}

const closesSession = " closes its session"

func (e end) String() string {
	if e.old {
		return e.who.String() + closesSession + " through the old connection"
	}
	return e.who.String() + closesSession
}

// record prints a record in one line.
func record(rec any) string {
	switch r := rec.(type) {
	case nil:
		return ""
	case *wire.CreateRequest:
		s := fmt.Sprintf("%q %s mode=%d", r.Path, content(r.Data), r.Mode)
		if r.TTL != 0 {
			s += fmt.Sprintf(" ttl=%d", r.TTL.Milliseconds())
		}
		return s + " " + aclText(r.ACL)
	case *wire.VersionRequest:
		return fmt.Sprintf("%q v%d", r.Path, r.Version)
	case *wire.SetDataRequest:
		return fmt.Sprintf("%q %s v%d", r.Path, content(r.Data), r.Version)
	case *wire.SetACLRequest:
		return fmt.Sprintf("%q %s v%d", r.Path, aclText(r.ACL), r.Version)
	case *wire.ReadRequest:
		if r.Watch {
			return fmt.Sprintf("%q watch", r.Path)
		}
		return fmt.Sprintf("%q", r.Path)
	case *wire.PathRequest:
		return fmt.Sprintf("%q", r.Path)
	case *wire.AuthRequest:
		return fmt.Sprintf("%s %q", r.Scheme, r.Auth)
	case *wire.SetWatchesRequest:
		return fmt.Sprintf("zxid %s data=%q exist=%q child=%q persistent=%q recursive=%q", mark(r.RelativeZxid),
			r.Data, r.Exist, r.Child, r.Persistent, r.PersistentRecursive)
	case *wire.AddWatchRequest:
		return fmt.Sprintf("%q mode=%d", r.Path, r.Mode)
	case *wire.WatchesRequest:
		return fmt.Sprintf("%q type=%d", r.Path, r.Type)
	case []wire.MultiOp:
		parts := make([]string, len(r))
		for i, op := range r {
			parts[i] = req{op: op.Op, rec: op.Request}.String()
		}
		return "[" + strings.Join(parts, "; ") + "]"
	case zkclient.Raw:
		return fmt.Sprintf("raw %x", []byte(r))
	}
	return fmt.Sprintf("%T(%+v)", rec, rec)
}

// content prints data: null and empty differ, and large data stays short.
func content(b []byte) string {
	switch {
	case b == nil:
		return "null"
	case len(b) > 100:
		return fmt.Sprintf("%d bytes of %q", len(b), b[:1])
	}
	return fmt.Sprintf("%q", b)
}

func aclText(acl []wire.ACL) string {
	if acl == nil {
		return "acl=null"
	}
	parts := make([]string, len(acl))
	for i, a := range acl {
		parts[i] = fmt.Sprintf("%s:%s:%s", a.ID.Scheme, a.ID.ID, perms(a.Perms))
	}
	return "acl=[" + strings.Join(parts, " ") + "]"
}

func perms(p wire.Perm) string {
	if p&^wire.PermAll != 0 {
		return fmt.Sprintf("%#x", int32(p))
	}
	var b strings.Builder
	for i, letter := range "rwcda" {
		if p&(1<<i) != 0 {
			b.WriteRune(letter)
		}
	}
	return b.String()
}

// rooted copies a record with its paths below root.
func rooted(rec any, root string) any {
	switch r := rec.(type) {
	case *wire.CreateRequest:
		c := *r
		c.Path = below(root, r.Path)
		return &c
	case *wire.VersionRequest:
		return &wire.VersionRequest{Path: below(root, r.Path), Version: r.Version}
	case *wire.SetDataRequest:
		return &wire.SetDataRequest{Path: below(root, r.Path), Data: r.Data, Version: r.Version}
	case *wire.SetACLRequest:
		return &wire.SetACLRequest{Path: below(root, r.Path), ACL: r.ACL, Version: r.Version}
	case *wire.ReadRequest:
		return &wire.ReadRequest{Path: below(root, r.Path), Watch: r.Watch}
	case *wire.PathRequest:
		return &wire.PathRequest{Path: below(root, r.Path)}
	case *wire.SetWatchesRequest:
		return &wire.SetWatchesRequest{
			RelativeZxid: r.RelativeZxid,
			Data:         allBelow(root, r.Data), Exist: allBelow(root, r.Exist), Child: allBelow(root, r.Child),
			Persistent: allBelow(root, r.Persistent), PersistentRecursive: allBelow(root, r.PersistentRecursive),
		}
	case *wire.AddWatchRequest:
		return &wire.AddWatchRequest{Path: below(root, r.Path), Mode: r.Mode}
	case *wire.WatchesRequest:
		return &wire.WatchesRequest{Path: below(root, r.Path), Type: r.Type}
	case []wire.MultiOp:
		ops := slices.Clone(r)
		for i := range ops {
			ops[i].Request = rooted(ops[i].Request, root)
		}
		return ops
	}
	return rec
}

func below(root, path string) string {
	if raw, ok := strings.CutPrefix(path, "!"); ok {
		return strings.ReplaceAll(raw, "{root}", root)
	}
	if path == "/" {
		return root
	}
	return root + path
}

func allBelow(root string, paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = below(root, p)
	}
	return out
}
