package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// patience is how long a server may take for one step: a server that takes longer has forgotten the client.
const patience = time.Minute

// lonely is a server that has lost the others, with what it says and what its clients see.
type lonely struct {
	t     *testing.T
	e     ensemble.Ensemble
	s     ensemble.Server // the server that stays
	seen  int64           // the last zxid with a majority
	text  []string
	known map[int64]string // sessions
}

func (l *lonely) linef(format string, args ...any) {
	l.text = append(l.text, fmt.Sprintf(format, args...))
}

// connect records the outcome of a connect request.
func (l *lonely) connect(what string, c zkclient.Config) *zkclient.Conn {
	l.t.Helper()
	if c.Session.Timeout == 0 {
		c.Session.Timeout = 30 * time.Second
	}
	c.Dial = func(context.Context) (net.Conn, error) { return l.e.Dial("tcp", l.s.Addr(), patience) }
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	conn, err := zkclient.Connect(ctx, c)
	switch {
	case errors.Is(err, wire.ErrRefused):
		l.linef("%s: refused", what)
	case errors.Is(err, wire.ErrNoReply):
		l.linef("%s: turned away", what)
	case err != nil:
		l.linef("%s: %s", what, l.refusal())
	default:
		r := conn.Response()
		if l.known[r.Session] == "" {
			l.known[r.Session] = what
		}
		l.linef("%s: session of %q, time-out %v, read-only %v (said: %v)", what, l.known[r.Session], r.Timeout, r.ReadOnly, r.HasReadOnly)
		l.t.Cleanup(func() { conn.Close() })
	}
	return conn
}

// refusal returns what a server sends instead of a connect response, and whether the connection stays.
func (l *lonely) refusal() string {
	c, err := l.e.Dial("tcp", l.s.Addr(), patience)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	if err := wire.WriteFrame(c, wire.ConnectRequest{Timeout: 30 * time.Second, Password: make([]byte, 16), HasReadOnly: true, ReadOnly: true}.Append(nil)); err != nil {
		return err.Error()
	}
	var said string
	for {
		b, err := wire.ReadFrame(c, nil, 1<<20)
		if err != nil {
			var late net.Error
			return fmt.Sprintf("%s, open %v", said, errors.As(err, &late) && late.Timeout())
		}
		h, rest, err := wire.DecodeReplyHeader(b)
		said += fmt.Sprintf(" xid %d, zxid %+d, %v, %d bytes, %v;", h.Xid, h.Zxid-l.seen, h.Err, len(rest), err)
		wire.WriteFrame(c, wire.RequestHeader{Xid: -2, Op: wire.Ping}.Append(nil))
		wire.WriteFrame(c, wire.AppendRequest(wire.RequestHeader{Xid: 1, Op: wire.GetData}.Append(nil), wire.GetData, &wire.ReadRequest{Path: "/a"}))
		wire.WriteFrame(c, wire.AppendRequest(wire.RequestHeader{Xid: 2, Op: wire.Create}.Append(nil), wire.Create, &wire.CreateRequest{Path: "/b"}))
	}
}

// sinceSeen returns how far a zxid is from the last one with a majority. A server that has just begun
// to follow reports either that zxid or the first one of the new leader's epoch, depending on how it
// was synchronized; nothing was written in either case.
func (l *lonely) sinceSeen(zxid int64) int64 {
	const count = 1<<32 - 1
	if zxid > l.seen && zxid&count == 0 {
		return 0
	}
	return zxid - l.seen
}

// ask records the outcome of a request, with the zxid relative to the last one with a majority.
func (l *lonely) ask(c *zkclient.Conn, op wire.Op, rec any) {
	l.t.Helper()
	if c == nil {
		l.linef("  %v: no connection", op)
		return
	}
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	r, err := c.Do(ctx, op, rec)
	if err != nil {
		l.linef("  %v: no reply: %v", op, errors.Is(err, wire.ErrNoReply))
		return
	}
	body := ""
	if r.Header.Err == wire.OK {
		if v, err := r.Decode(); err == nil {
			body = fmt.Sprintf("%+v", v)
		}
	}
	zxid := "none"
	if r.Header.Zxid != 0 {
		zxid = fmt.Sprintf("%+d", l.sinceSeen(r.Header.Zxid))
	}
	l.linef("  %v: %v, zxid %s, %d bytes, %d events %s", op, r.Header.Err, zxid, len(r.Record), len(r.Events), numbers.ReplaceAllString(body, "N"))
}

// numbers matches the numbers that differ from run to run.
var numbers = regexp.MustCompile(`\d{5,}`)

// word returns the server's answer to a four-letter word.
func (l *lonely) word(word string) string {
	c, err := l.e.Dial("tcp", l.s.Addr(), patience)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(c, word)
	b, _ := io.ReadAll(c)
	return string(b)
}

// await waits until the server's answer to a word contains want.
func (l *lonely) await(word, want string) {
	l.t.Helper()
	for until := time.Now().Add(patience); !strings.Contains(l.word(word), want); {
		if time.Now().After(until) {
			l.t.Fatalf("%s says %q, and never %q", word, l.word(word), want)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func followerOf(t *testing.T, e ensemble.Ensemble) ensemble.Server {
	t.Helper()
	leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	if leader.ID() == 1 {
		return e.Servers()[1]
	}
	return e.Servers()[0]
}

// playLonely plays the script of read-only mode.
func playLonely(t *testing.T, e ensemble.Ensemble) string {
	l := &lonely{t: t, e: e, s: followerOf(t, e), known: map[int64]string{}}
	world := []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}
	create := &wire.CreateRequest{Path: "/a", Data: []byte("x"), ACL: world}

	before := l.connect("before", zkclient.Config{ReadOnly: true})
	plain := l.connect("without ephemerals", zkclient.Config{ReadOnly: true})
	do(t, before, wire.Create, create)
	l.seen = do(t, before, wire.Create, &wire.CreateRequest{Path: "/e", ACL: world, Mode: wire.Ephemeral}).Header.Zxid
	do(t, before, wire.Sync, &wire.PathRequest{Path: "/"})
	l.linef("isro %s", l.word("isro"))
	for _, s := range e.Servers() {
		if s.ID() != l.s.ID() {
			must.Do(t, s.(ensemble.Stopper).Stop(t.Context()))
		}
	}
	l.await("isro", "ro")
	l.ask(before, wire.Ping, nil)

	l.connect("short", zkclient.Config{Short: true})
	l.connect("not asking", zkclient.Config{})
	l.connect("ahead", zkclient.Config{ReadOnly: true, LastZxid: l.seen + 1000})
	l.connect("resumed", zkclient.Config{ReadOnly: true, Session: before.Session(), LastZxid: l.seen})
	l.connect("resumed, not asking", zkclient.Config{Session: before.Session(), LastZxid: l.seen})
	l.connect("resumed without ephemerals", zkclient.Config{ReadOnly: true, Session: plain.Session(), LastZxid: l.seen})
	l.connect("unknown", zkclient.Config{ReadOnly: true, Session: wire.Session{ID: 0x1234567, Password: make([]byte, 16)}})
	c := l.connect("alone", zkclient.Config{ReadOnly: true, LastZxid: l.seen})
	l.ask(c, wire.Ping, nil)
	l.ask(c, wire.GetData, &wire.ReadRequest{Path: "/a", Watch: true})
	l.ask(c, wire.Exists, &wire.ReadRequest{Path: "/b", Watch: true})
	l.ask(c, wire.GetChildren2, &wire.ReadRequest{Path: "/a"})
	l.ask(c, wire.GetACL, &wire.PathRequest{Path: "/a"})
	l.ask(c, wire.GetEphemerals, &wire.PathRequest{Path: "/"})
	l.ask(c, wire.GetAllChildrenNumber, &wire.PathRequest{Path: "/"})
	l.ask(c, wire.Sync, &wire.PathRequest{Path: "/"})
	l.ask(c, wire.Create, &wire.CreateRequest{Path: "/b", ACL: world})
	l.ask(c, wire.Create2, &wire.CreateRequest{Path: "/b", ACL: world})
	l.ask(c, wire.SetData, &wire.SetDataRequest{Path: "/a", Version: -1})
	l.ask(c, wire.SetACL, &wire.SetACLRequest{Path: "/a", ACL: world, Version: -1})
	l.ask(c, wire.Delete, &wire.VersionRequest{Path: "/a", Version: -1})
	l.ask(c, wire.Multi, []wire.MultiOp{})
	l.ask(c, wire.Multi, []wire.MultiOp{{Op: wire.Check, Request: &wire.VersionRequest{Path: "/a", Version: -1}}})
	l.ask(c, wire.MultiRead, []wire.MultiOp{{Op: wire.GetData, Request: &wire.ReadRequest{Path: "/a"}}})
	l.ask(c, wire.Reconfig, &wire.ReconfigRequest{Joining: "server.9=127.0.0.1:1:2;3", FromConfig: -1})
	l.ask(c, wire.Auth, &wire.AuthRequest{Scheme: "digest", Auth: []byte("a:b")})
	l.ask(c, wire.AddWatch, &wire.AddWatchRequest{Path: "/a", Mode: wire.AddPersistent})
	l.ask(c, wire.SetWatches, &wire.SetWatchesRequest{RelativeZxid: l.seen, Data: []string{"/a"}})
	l.ask(c, wire.Ping, nil)
	l.linef("isro %s", l.word("isro"))
	for _, line := range strings.Split(l.word("srvr")+l.word("mntr")+l.word("conf")+l.word("dump"), "\n") {
		if shown.MatchString(line) {
			l.linef("%s", numbers.ReplaceAllString(line, "N"))
		}
	}
	l.linef("ruok %s", l.word("ruok"))
	other := l.connect("second", zkclient.Config{ReadOnly: true, LastZxid: l.seen})
	l.ask(other, wire.Ping, nil)
	l.ask(other, wire.GetData, &wire.ReadRequest{Path: "/a"})
	l.ask(other, wire.CloseSession, nil)
	l.ask(other, wire.Ping, nil)
	third := l.connect("third", zkclient.Config{ReadOnly: true, LastZxid: l.seen})
	l.ask(third, wire.Ping, nil)
	if third != nil {
		l.connect("third resumed", zkclient.Config{ReadOnly: true, Session: third.Session(), LastZxid: third.LastZxid()})
		l.ask(third, wire.Ping, nil)
	}
	quick := l.connect("quick", zkclient.Config{ReadOnly: true, Session: wire.Session{Timeout: time.Second}})
	if quick != nil {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		_, err := quick.Next(ctx)
		cancel()
		l.linef("silent for 4 s: gone %v", errors.Is(err, wire.ErrNoReply))
	}

	for _, s := range e.Servers() {
		if s.ID() != l.s.ID() {
			must.Do(t, s.(ensemble.Killer).Start(t.Context()))
		}
	}
	l.await("isro", "rw")
	l.await("srvr", "Mode: ") // the server is elected itself if the others come late
	l.ask(c, wire.Ping, nil)
	if c != nil {
		l.connect("alone, with a majority", zkclient.Config{ReadOnly: true, Session: c.Session(), LastZxid: 0})
	}
	again := l.connect("resumed with a majority", zkclient.Config{ReadOnly: true, Session: before.Session(), LastZxid: l.seen})
	l.ask(again, wire.GetData, &wire.ReadRequest{Path: "/a"})
	return strings.Join(l.text, "\n") + "\n"
}

// shown matches the lines of answers that are compared.
var shown = regexp.MustCompile(`^(Mode|Node count|zk_server_state|zk_znode_count|zk_read_only|initLimit|syncLimit|peerType|Proposal|zk_quorum_size|zk_local_sessions|Sessions with|membership|server\.)`)

// transcript returns the file with what clients of Apache's server saw of the script.
func transcript(local bool) string {
	return fmt.Sprintf("testdata/apache/readonly-local-%v.txt", local)
}

func readTranscript(t *testing.T, local bool) string {
	t.Helper()
	b := must.Get(os.ReadFile(transcript(local)))(t)
	return string(b)
}

// TestReadOnlyMode plays the script in virtual time. TestRealReadOnly plays it with Apache's servers,
// so that the transcripts stay correct.
func TestReadOnlyMode(t *testing.T) {
	for _, local := range []bool{true, false} {
		t.Run(fmt.Sprintf("local sessions %v", local), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := start(t, embedded.Config{InMemory: true, ReadOnly: true, LocalSessions: local})
				if d := cmp.Diff(readTranscript(t, local), playLonely(t, e)); d != "" {
					t.Errorf("(-Apache +embedded):\n%s", d)
				}
			})
		})
	}
}

// A server that never ran with the others serves what is in its files; one without read-only mode
// serves nobody.
func TestReadOnlyFromFiles(t *testing.T) {
	cfg := embedded.Config{Data: t.TempDir()}
	e := start(t, cfg)
	c := raw(t, e.Addrs()[0], wire.Session{})
	do(t, c, wire.Create, makeOf("/a", wire.Persistent))
	e.Close()
	cfg.Stopped, cfg.ReadOnly, cfg.LocalSessions = true, true, true
	e = start(t, cfg)
	must.Do(t, e.Server(1).Start(t.Context()))
	l := &lonely{t: t, e: e, s: e.Server(1), known: map[int64]string{}}
	l.await("isro", "ro")
	if _, err := e.Server(1).Status(t.Context()); !errors.Is(err, ensemble.ErrNotServing) {
		t.Errorf("its status: %v", err)
	}
	c = l.connect("alone", zkclient.Config{ReadOnly: true})
	do(t, c, wire.GetData, &wire.ReadRequest{Path: "/a"})
}
