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

// Trace has a line for each thing that the clients of a script saw.
type Trace []line

func (t Trace) String() string {
	var b strings.Builder
	for _, l := range t {
		b.WriteString(l.String() + "\n")
	}
	return b.String()
}

// line is a line of a trace: the beginning of a step, or one thing that one client saw.
type line struct {
	step   string // set at the beginning of a step; the other fields are then empty
	who    string
	what   string
	asked  string // the request that a reply answers
	fields []field
}

func (l line) String() string {
	if l.step != "" {
		return l.step
	}
	text := "  "
	if l.who != "" {
		text += l.who + " "
	}
	text += l.what
	for _, f := range l.fields {
		text += " " + f.before + f.value + f.after
	}
	return text
}

// field is a part of a line that has a name for people.
type field struct{ before, name, value, after string }

// trace collects the lines of a script, in words that are the same on all ensembles that behave alike:
// it names zxids by their place among those of the script's own writes and sessions by their clients,
// and says of times only how they compare.
type trace struct {
	root     string
	lines    Trace
	own      []int64 // the zxids of the script's writes, rising
	sessions []string
	ids      []int64
	times    map[int64]int64 // when each write was, by zxid
	// strangers lists the identities that every client has although the script did not give them;
	// traces leave them out.
	strangers []wire.ClientInfo
}

func (t *trace) note(who, what string, fields ...field) {
	t.lines = append(t.lines, line{who: who, what: what, fields: fields})
}

// wrote notes the zxid of a write.
func (t *trace) wrote(zxid int64) {
	if i, found := slices.BinarySearch(t.own, zxid); !found {
		t.own = slices.Insert(t.own, i, zxid)
	}
}

// finish fills in the names of zxids, which are known at the
// end: an event comes before the reply that tells whose zxid it has.
func (t *trace) finish() Trace {
	for _, l := range t.lines {
		for i, f := range l.fields {
			l.fields[i].value = zxidMark.ReplaceAllStringFunc(f.value, t.zxidName)
		}
	}
	return t.lines
}

var zxidMark = regexp.MustCompile(`⟦-?\d+~?⟧`)

// exactly marks a zxid that must be one of the script's own.
func exactly(zxid int64) string { return fmt.Sprintf("⟦%d⟧", zxid) }

// atLeast marks a zxid that may include transactions of other clients of the ensemble.
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

// path returns a path without the root of the run.
func (t *trace) path(p string) string {
	if rest, ok := strings.CutPrefix(p, t.root); ok {
		return strconv.Quote("/" + strings.TrimPrefix(rest, "/"))
	}
	return strconv.Quote("!" + strings.ReplaceAll(p, t.root, "{root}"))
}

// session returns the name of a session by its owner: the first session of alice is alice.1.
func (t *trace) session(id int64) string {
	if i := slices.Index(t.ids, id); i >= 0 {
		return t.sessions[i]
	}
	return fmt.Sprintf("%#x", uint64(id))
}

// connected records the outcome of a connect request. who is the connecting client's name in the trace,
// and owner the client whose session it claims.
func (t *trace) connected(who string, owner client, c *zkclient.Conn, err error, s wire.Session) {
	switch {
	case errors.Is(err, wire.ErrRefused):
		t.note(who, "is refused")
		return
	case errors.Is(err, wire.ErrNoReply):
		t.note(who, "is turned away")
		return
	case err != nil:
		t.note(who, "cannot connect: "+err.Error())
		return
	}
	r := c.Response()
	if !slices.Contains(t.ids, r.Session) {
		t.ids = append(t.ids, r.Session)
		t.sessions = append(t.sessions, fmt.Sprintf("%s.%d", owner, t.count(owner)+1))
	}
	same := slices.Equal(r.Password, s.Password)
	t.note(who, connected,
		field{"session ", "session", t.session(r.Session), ","},
		field{"time-out ", "session timeout", r.Timeout.String(), ","},
		field{"password ", "length of the password", strconv.Itoa(len(r.Password)), " bytes"},
		field{"(the same: ", "same password", strconv.FormatBool(same), "),"},
		field{"protocol ", "protocol version", fmt.Sprint(r.Protocol), ","},
		field{"read-only ", "read-only", strconv.FormatBool(r.ReadOnly), ""},
		field{"(said: ", "a byte for read-only", strconv.FormatBool(r.HasReadOnly), ")"},
	)
}

func (t *trace) count(who client) (n int) {
	for _, name := range t.sessions {
		if strings.HasPrefix(name, who.String()+".") {
			n++
		}
	}
	return n
}

// frame records what a client received; asked is the request whose reply is due next.
func (t *trace) frame(who client, f zkclient.Frame, asked string) {
	if f.Event != nil {
		t.note(who.String(), seesEvent,
			field{"", "kind", strconv.Itoa(int(f.Event.Type)), ""},
			field{"", "path", t.path(f.Event.Path), ""},
			field{"state=", "state", fmt.Sprint(f.Event.State), ""},
			field{"", "zxid", exactly(f.Header.Zxid), ""},
		)
		return
	}
	if writes(f.Op) {
		t.wrote(f.Header.Zxid)
	}
	fields := []field{{"", "zxid", atLeast(f.Header.Zxid), ":"}, {"", "code", f.Header.Err.String(), ""}}
	reply := t.reply(f)
	if len(reply) == 0 {
		reply = []field{{}}
	}
	t.note(who.String(), "gets "+f.Op.String(), append(fields, reply...)...)
	t.lines[len(t.lines)-1].asked = asked
}

func (t *trace) reply(f zkclient.Frame) []field {
	v, err := f.Decode()
	switch {
	case err != nil:
		return unnamed(fmt.Sprintf("%q is no %s reply: %v", f.Record, f.Op, err))
	case v == nil && len(f.Record) > 0:
		return unnamed(fmt.Sprintf("and %d bytes", len(f.Record)))
	}
	return t.value(f.Op, v)
}

func unnamed(text string) []field { return []field{{value: text}} }

func (t *trace) value(op wire.Op, v any) []field {
	switch v := v.(type) {
	case nil:
		return nil
	case wire.CreateReply:
		path := field{name: "path", value: t.path(v.Path)}
		if op == wire.Create {
			return []field{path}
		}
		return append([]field{path}, t.stat(v.Stat)...)
	case wire.Stat:
		return t.stat(v)
	case wire.DataReply:
		return t.data(v)
	case wire.ACLReply:
		return append([]field{{name: "permissions", value: aclText(v.ACL)}}, t.stat(v.Stat)...)
	case wire.ChildrenReply:
		return t.children(op, v)
	case string:
		return []field{{name: "path", value: t.path(v)}}
	case []wire.ClientInfo:
		return []field{{name: "identities", value: clientInfos(t.given(v))}}
	case []wire.OpResult:
		return t.results(v)
	}
	return []field{{name: "value", value: fmt.Sprint(v)}}
}

// configVersion matches the end of a configuration.
var configVersion = regexp.MustCompile(`version=([0-9a-f]+)$`)

// ownServer matches a line of a configuration about one of the ensemble's own servers.
var ownServer = regexp.MustCompile(`server\.([123])=[^\n;]*:(\w+;)[^\n]*`)

// data returns the fields of data and stat. In a configuration, it leaves out the addresses of the
// ensemble's own servers.
func (t *trace) data(v wire.DataReply) []field {
	m := configVersion.FindSubmatch(v.Data)
	if m == nil {
		return append([]field{{name: "data", value: content(v.Data)}}, t.stat(v.Stat)...)
	}
	version, _ := strconv.ParseInt(string(m[1]), 16, 64)
	servers := ownServer.ReplaceAll(v.Data[:len(v.Data)-len(m[0])], []byte("server.$1=HERE:$2"))
	fields := []field{{name: "servers", value: fmt.Sprintf("%q", servers)}, {"version=", "version of the configuration", exactly(version), ""}}
	return append(fields, t.stat(v.Stat)...)
}

func (t *trace) children(op wire.Op, v wire.ChildrenReply) []field {
	names := slices.Clone(v.Children)
	if op == wire.GetEphemerals {
		for i := range names {
			names[i] = t.path(names[i])
		}
	}
	list := []field{{name: "children", value: fmt.Sprintf("%q", names)}}
	if op == wire.GetEphemerals {
		list[0].name = "ephemerals"
	}
	if op == wire.GetChildren2 {
		return append(list, t.stat(v.Stat)...)
	}
	return list
}

// given returns the identities that a client of the script has given itself.
func (t *trace) given(infos []wire.ClientInfo) []wire.ClientInfo {
	return slices.DeleteFunc(slices.Clone(infos), func(c wire.ClientInfo) bool { return slices.Contains(t.strangers, c) })
}

// clientInfos leaves out addresses, which differ from ensemble to ensemble, and ignores the order,
// which in Java depends on hashes of the addresses.
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

// results returns the fields of all parts of a multi. Each part's fields follow the name of the part's
// operation.
func (t *trace) results(results []wire.OpResult) (fields []field) {
	for i, r := range results {
		part := append([]field{{name: "result", value: r.Op.String()}}, t.result(r)...)
		for n := range part {
			part[n].name = fmt.Sprintf("%s of part %d", part[n].name, i+1)
		}
		part[len(part)-1].after += ";"
		fields = append(fields, part...)
	}
	if len(fields) == 0 {
		return unnamed("[]")
	}
	fields[0].before = "["
	last := &fields[len(fields)-1]
	last.after = strings.TrimSuffix(last.after, ";") + "]"
	return fields
}

func (t *trace) result(r wire.OpResult) []field {
	switch r.Op {
	case wire.ErrorOp:
		return []field{{name: "code", value: r.Err.String()}}
	case wire.Create, wire.Create2:
		return t.value(r.Op, wire.CreateReply{Path: r.Path, Stat: r.Stat})
	case wire.SetData:
		return t.stat(r.Stat)
	case wire.GetData:
		return t.value(r.Op, wire.DataReply{Data: r.Data, Stat: r.Stat})
	case wire.GetChildren:
		return t.children(r.Op, wire.ChildrenReply{Children: r.Children})
	}
	return nil
}

func (t *trace) stat(s wire.Stat) []field {
	owner := "0"
	if s.EphemeralOwner != 0 {
		owner = t.session(s.EphemeralOwner)
	}
	if s.Aversion < 0 {
		s.DataLength = 0 // the length of a configuration depends on addresses
	}
	return []field{
		{"{c", "czxid", exactly(s.Czxid), ""},
		{"m", "mzxid", exactly(s.Mzxid), ""},
		{"p", "pzxid", exactly(s.Pzxid), ""},
		{"v", "version", fmt.Sprint(s.Version), ""},
		{"cv", "cversion", fmt.Sprint(s.Cversion), ""},
		{"av", "aversion", fmt.Sprint(s.Aversion), ""},
		{"owner=", "ephemeralOwner", owner, ""},
		{"len=", "dataLength", fmt.Sprint(s.DataLength), ""},
		{"children=", "numChildren", fmt.Sprint(s.NumChildren), ""},
		{"", "times", t.ages(s), "}"},
	}
}

// at notes when a write was, and reports whether it had no other time before.
func (t *trace) at(zxid, time int64) bool {
	if t.times == nil {
		t.times = map[int64]int64{}
	}
	before, known := t.times[zxid]
	t.times[zxid] = time
	return !known || before == time
}

// ages describes how the two times of a stat compare with each other and with earlier ones, which does not depend on
// clocks.
func (t *trace) ages(s wire.Stat) string {
	switch {
	case s.Ctime != 0 && (!t.at(s.Czxid, s.Ctime) || !t.at(s.Mzxid, s.Mtime)):
		return "not those that the same writes had before"
	case s.Mzxid == s.Czxid && s.Mtime != s.Ctime && s.Czxid != 0: // the ensemble's own znodes have no creation time
		return fmt.Sprintf("created %d, but changed %d", s.Ctime, s.Mtime)
	case s.Mtime < s.Ctime:
		return "changed before it was created"
	}
	return "times=ok"
}
