package shell

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// withoutWords makes servers answer some words as if their whitelist lacked them.
func withoutWords(dial ensemble.DialFunc, words ...string) ensemble.DialFunc {
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		conn, err := dial(network, addr, timeout)
		if err != nil {
			return nil, err
		}
		return &wordlessConn{Conn: conn, words: words}, nil
	}
}

type wordlessConn struct {
	net.Conn
	words  []string
	answer io.Reader
}

func (c *wordlessConn) Write(b []byte) (int, error) {
	for _, word := range c.words {
		if string(b) == word {
			c.answer = strings.NewReader(word + " is not executed because it is not in the whitelist.\n")
			return len(b), nil
		}
	}
	return c.Conn.Write(b)
}

func (c *wordlessConn) Read(b []byte) (int, error) {
	if c.answer != nil {
		return c.answer.Read(b)
	}
	return c.Conn.Read(b)
}

// who lists all sessions with their servers and what they own.
func TestWho(t *testing.T) {
	virtually(t, func(b *bench) {
		b.Servers = b.e.Addrs()
		other := b.client()
		for _, path := range []string{"/e2", "/e1"} {
			if _, _, err := other.Create(b.ctx, path, nil, nil, wire.Ephemeral, 0); err != nil {
				t.Fatal(err)
			}
		}
		must.Get(other.Exists(b.ctx, "/", true))(t)
		must.Do(t, b.Client.Sync(b.ctx, "/"))
		own, theirs := sessionName(b.Client.Session().ID), sessionName(other.Session().ID)
		b.script(`
			who
			> ^SESSION +SERVER +CLIENT +TIMEOUT +EPHEMERALS$
			> ^` + own + ` \(this shell\) +` + b.Client.Server() + ` +[^ ]+ +[0-9]+ ms +0$
			> ^` + theirs + ` +` + other.Server() + ` +[^ ]+ +[0-9]+ ms +2$
			> ^` + theirs + ` /e1\n` + theirs + ` /e2$
			> ^` + other.Server() + `: 1 watches of 1 paths$
		`)
		whole := b.Dial
		b.Dial = func(network, addr string, timeout time.Duration) (net.Conn, error) {
			if addr == other.Server() {
				return withoutWords(whole, "cons", "wchs")(network, addr, timeout)
			}
			return whole(network, addr, timeout)
		}
		b.script(`
			who
			> ^` + theirs + ` .* 2$
			> ^` + other.Server() + ` does not answer cons, which lists its sessions: add it to its 4lw.commands.whitelist$
			> ^` + other.Server() + ` does not answer wchs
		`)
		b.JSON = true
		b.script(`
			who
			> "session":"` + theirs + `",.*"ephemerals":\["/e1","/e2"\]
			> "notes":\["` + other.Server() + ` does not answer cons
		`)
		b.Dial = withoutWords(whole, "cons", "dump", "wchs")
		b.script("who\n4 list ephemeral znodes with find --owner any")
		b.Dial, b.JSON = whole, false
		must.Do(t, b.e.Server(1).Kill(b.ctx))
		for b.Client.Sync(b.ctx, "/") != nil { // until the other servers have a leader
			time.Sleep(time.Second)
		}
		b.script("who\n> ^127.0.0.1:1 does not answer: ")
	})
}

// Answers are read in the format of Apache ZooKeeper 3.9, from a leader and from a follower.
func TestReadsDumpAndCons(t *testing.T) {
	all := make(map[uint64]*sessionResult)
	of := func(id uint64) *sessionResult {
		if all[id] == nil {
			all[id] = &sessionResult{id: id}
		}
		return all[id]
	}
	readDump("SessionTracker dump:\nSession Sets (3)/(1):\n0 expire at Mon Nov 23 10:00:00 UTC 2026:\n1 expire at Mon Nov 23 10:00:02 UTC 2026:\n\t0x10001a2b3c40000\n"+
		"ephemeral nodes dump:\nSessions with Ephemerals (1):\n0x20001a2b3c40001:\n\t/a\n\t/a b\n"+
		"Connections dump:\nConnections Sets (3)/(2):\n1 expire at Mon Nov 23 10:00:02 UTC 2026:\n\tip: /127.0.0.1:4711 sessionId: 0x30001a2b3c40001\n", of)
	readDump("SessionTracker dump:\nGlobal Sessions(2):\n0x10001a2b3c40000\t10000ms\n0xff001a2b3c40001\t4000ms\nephemeral nodes dump:\nSessions with Ephemerals (0):\nConnections dump:\n", of)
	readCons(" /127.0.0.1:4711[1](queued=0,recved=3,sent=3,sid=0x10001a2b3c40000,lop=PING,est=1763892000000,to=30000,lcxid=0x1,lzxid=0x100000002,lresp=1,llat=0,minlat=0,avglat=0,maxlat=1)\n"+
		" /[0:0:0:0:0:0:0:1]:4712[0](queued=0,recved=1,sent=0)\n", "s:1", of)
	if len(all) != 3 {
		t.Error(len(all), "sessions")
	}
	if s := all[0x10001a2b3c40000]; s == nil || s.Server != "s:1" || s.Client != "127.0.0.1:4711" || s.Timeout != 30000 {
		t.Errorf("%+v", s)
	}
	if s := all[0x20001a2b3c40001]; s == nil || strings.Join(s.Ephemerals, ",") != "/a,/a b" {
		t.Errorf("%+v", s)
	}
	if s := all[0xff001a2b3c40001]; s == nil || s.Timeout != 4000 {
		t.Errorf("%+v", s)
	}
	if w, ok := readWchs("2 connections watching 3 paths\nTotal watches:5\n"); !ok || w.Paths != 3 || w.Watches != 5 {
		t.Error(w, ok)
	}
}
