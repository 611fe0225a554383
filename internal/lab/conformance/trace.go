package conformance

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// trace describes what the clients of a script saw, in words that are the same on
// every ensemble that does the same: zxids by their place among those that the
// script's own writes were answered with, sessions by whose they are, times by
// how they compare.
type trace struct {
	root     string
	text     []string
	own      []int64 // the zxids of the script's writes, rising
	sessions []string
	ids      []int64
}

func (t *trace) linef(format string, args ...any) {
	t.text = append(t.text, fmt.Sprintf(format, args...))
}

// wrote notes the zxid of a write.
func (t *trace) wrote(zxid int64) {
	if i, found := slices.BinarySearch(t.own, zxid); !found {
		t.own = slices.Insert(t.own, i, zxid)
	}
}

// lines is the trace with the names of zxids filled in, which are known at the
// end: an event comes before the reply that tells whose zxid it has.
func (t *trace) lines() []string {
	for i, line := range t.text {
		t.text[i] = zxidMark.ReplaceAllStringFunc(line, t.zxidName)
	}
	return t.text
}

var zxidMark = regexp.MustCompile(`⟦-?\d+~?⟧`)

// exactly marks a zxid that must be one of the script's own.
func exactly(zxid int64) string { return fmt.Sprintf("⟦%d⟧", zxid) }

// atLeast marks one that may count what others do on the same ensemble.
func atLeast(zxid int64) string { return fmt.Sprintf("⟦%d~⟧", zxid) }

func (t *trace) zxidName(mark string) string {
	mark = strings.Trim(mark, "⟦⟧")
	digits, loose := strings.CutSuffix(mark, "~")
	zxid, _ := strconv.ParseInt(digits, 10, 64)
	if zxid <= 0 {
		return "z" + digits
	}
	i, found := slices.BinarySearch(t.own, zxid)
	if found {
		return fmt.Sprintf("z#%d", i)
	}
	if loose {
		return fmt.Sprintf("z#%d", i-1)
	}
	return fmt.Sprintf("z#%d+", i-1)
}

// path tells a path without the root of the run.
func (t *trace) path(p string) string {
	if rest, ok := strings.CutPrefix(p, t.root); ok {
		return strconv.Quote("/" + strings.TrimPrefix(rest, "/"))
	}
	return strconv.Quote("!" + strings.ReplaceAll(p, t.root, "{root}"))
}

// session names a session's owner: the first session of alice is alice.1.
func (t *trace) session(id int64) string {
	if i := slices.Index(t.ids, id); i >= 0 {
		return t.sessions[i]
	}
	return fmt.Sprintf("%#x", uint64(id))
}

// connected tells what came of a connect request.
func (t *trace) connected(who client, c *zkclient.Conn, err error, s wire.Session) string {
	switch {
	case errors.Is(err, wire.ErrRefused):
		return "is refused"
	case errors.Is(err, wire.ErrNoReply):
		return "is turned away"
	case err != nil:
		return "cannot connect: " + err.Error()
	}
	r := c.Response()
	if !slices.Contains(t.ids, r.Session) {
		t.ids = append(t.ids, r.Session)
		t.sessions = append(t.sessions, fmt.Sprintf("%s.%d", who, t.count(who)+1))
	}
	same := slices.Equal(r.Password, s.Password)
	return fmt.Sprintf("has session %s, time-out %v, password %d bytes (the same: %v), protocol %d, read-only %v (said: %v)",
		t.session(r.Session), r.Timeout, len(r.Password), same, r.Protocol, r.ReadOnly, r.HasReadOnly)
}

func (t *trace) count(who client) (n int) {
	for _, name := range t.sessions {
		if strings.HasPrefix(name, who.String()+".") {
			n++
		}
	}
	return n
}

// frame notes what a client received.
func (t *trace) frame(who client, f zkclient.Frame) {
	if f.Event != nil {
		t.linef("  %s sees event %d %s state=%d %s", who, f.Event.Type, t.path(f.Event.Path), f.Event.State, exactly(f.Header.Zxid))
		return
	}
	if writes(f.Op) {
		t.wrote(f.Header.Zxid)
	}
	t.linef("  %s gets %s %s: %s %s", who, f.Op, atLeast(f.Header.Zxid), f.Header.Err, t.reply(f))
}

func (t *trace) reply(f zkclient.Frame) string {
	v, err := f.Decode()
	switch {
	case err != nil:
		return fmt.Sprintf("%q is no %s reply: %v", f.Record, f.Op, err)
	case v == nil && len(f.Record) > 0:
		return fmt.Sprintf("and %d bytes", len(f.Record))
	}
	return t.value(f.Op, v)
}

func (t *trace) value(op wire.Op, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case wire.CreateReply:
		if op == wire.Create {
			return t.path(v.Path)
		}
		return t.path(v.Path) + " " + t.stat(v.Stat)
	case wire.Stat:
		return t.stat(v)
	case wire.DataReply:
		return t.data(v)
	case wire.ACLReply:
		return aclText(v.ACL) + " " + t.stat(v.Stat)
	case wire.ChildrenReply:
		return t.children(op, v)
	case string:
		return t.path(v)
	case []wire.ClientInfo:
		return clientInfos(v)
	case []wire.OpResult:
		return t.results(v)
	}
	return fmt.Sprint(v)
}

// configVersion is the end of a configuration.
var configVersion = regexp.MustCompile(`version=([0-9a-f]+)$`)

// ownServer is a line of it about one of the servers that are there.
var ownServer = regexp.MustCompile(`server\.([123])=[^\n;]*:(\w+;)[^\n]*`)

// data tells data and stat. Of a configuration it leaves out the addresses of the
// ensemble's own servers.
func (t *trace) data(v wire.DataReply) string {
	m := configVersion.FindSubmatch(v.Data)
	if m == nil {
		return content(v.Data) + " " + t.stat(v.Stat)
	}
	version, _ := strconv.ParseInt(string(m[1]), 16, 64)
	servers := ownServer.ReplaceAll(v.Data[:len(v.Data)-len(m[0])], []byte("server.$1=HERE:$2"))
	return fmt.Sprintf("%q version=%s %s", servers, exactly(version), t.stat(v.Stat))
}

func (t *trace) children(op wire.Op, v wire.ChildrenReply) string {
	names := slices.Clone(v.Children)
	if op == wire.GetEphemerals {
		for i := range names {
			names[i] = t.path(names[i])
		}
	}
	s := fmt.Sprintf("%q", names)
	if op == wire.GetChildren2 {
		s += " " + t.stat(v.Stat)
	}
	return s
}

// clientInfos leaves out addresses, which differ from ensemble to ensemble, and
// the order, which Java's comes from hashes of them.
func clientInfos(infos []wire.ClientInfo) string {
	var parts []string
	for _, c := range infos {
		if c.AuthScheme == "ip" {
			c.User = "some address"
		}
		parts = append(parts, c.AuthScheme+":"+c.User)
	}
	slices.Sort(parts)
	return fmt.Sprintf("%q", parts)
}

func (t *trace) results(results []wire.OpResult) string {
	parts := make([]string, len(results))
	for i, r := range results {
		parts[i] = strings.TrimSpace(r.Op.String() + " " + t.result(r))
	}
	return "[" + strings.Join(parts, "; ") + "]"
}

func (t *trace) result(r wire.OpResult) string {
	switch r.Op {
	case wire.ErrorOp:
		return r.Err.String()
	case wire.Create, wire.Create2:
		return t.value(r.Op, wire.CreateReply{Path: r.Path, Stat: r.Stat})
	case wire.SetData:
		return t.stat(r.Stat)
	case wire.GetData:
		return t.value(r.Op, wire.DataReply{Data: r.Data, Stat: r.Stat})
	case wire.GetChildren:
		return t.children(r.Op, wire.ChildrenReply{Children: r.Children})
	}
	return ""
}

func (t *trace) stat(s wire.Stat) string {
	owner := "0"
	if s.EphemeralOwner != 0 {
		owner = t.session(s.EphemeralOwner)
	}
	if s.Aversion < 0 {
		s.DataLength = 0 // of the configuration, which depends on addresses
	}
	return fmt.Sprintf("{c%s m%s p%s v%d cv%d av%d owner=%s len=%d children=%d %s}", exactly(s.Czxid), exactly(s.Mzxid), exactly(s.Pzxid),
		s.Version, s.Cversion, s.Aversion, owner, s.DataLength, s.NumChildren, times(s))
}

// times says only what clocks cannot change: how the two times compare.
func times(s wire.Stat) string {
	switch {
	case s.Mzxid == s.Czxid && s.Mtime != s.Ctime && s.Czxid != 0: // the ensemble's own have no birth
		return fmt.Sprintf("created %d, but changed %d", s.Ctime, s.Mtime)
	case s.Mtime < s.Ctime:
		return "changed before it was created"
	}
	return "times=ok"
}
