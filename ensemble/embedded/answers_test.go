package embedded

import (
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// These tests check answers of Apache ZooKeeper 3.9.3 that the scripts do not cover.

// single runs a test on one server in virtual time, with a client connected to it.
func single(t *testing.T, test func(t *testing.T, e *Ensemble, c *zkclient.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(Start(Config{Nodes: 1, InMemory: true}))(t)
		defer e.Close()
		c := must.Get(zkclient.Connect(t.Context(), zkclient.Config{Dial: zkclient.To(e.Dial, e.Addrs()[0])}))(t)
		defer c.Close()
		test(t, e, c)
	})
}

// The ensemble's own znodes have empty data, not null, and so has the configuration of a single server.
func TestNodesOfTheEnsemble(t *testing.T) {
	single(t, func(t *testing.T, _ *Ensemble, c *zkclient.Conn) {
		for _, path := range []string{"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"} {
			r := must.Get(c.Do(t.Context(), wire.GetData, &wire.ReadRequest{Path: path}))(t)
			d, err := wire.DecodeDataReply(r.Record)
			if err != nil || d.Data == nil || len(d.Data) > 0 || d.Stat.Mzxid != 0 || d.Stat.Version != 0 {
				t.Errorf("%s: data null %v, %q, %+v, %v", path, d.Data == nil, d.Data, d.Stat, err)
			}
		}
	})
}

// A client that begins with SASL gets neither a token nor an error, and continues.
func TestSASLIsDeclined(t *testing.T) {
	single(t, func(t *testing.T, _ *Ensemble, c *zkclient.Conn) {
		r, err := c.Do(t.Context(), wire.SASL, &wire.SASLRequest{Token: []byte("token")})
		if err != nil || r.Header.Err != wire.OK || r.Header.Zxid != 0 || string(r.Record) != "\xff\xff\xff\xff" {
			t.Fatalf("%+v %x, %v", r.Header, r.Record, err)
		}
		if _, err := c.Do(t.Context(), wire.Ping, nil); err != nil {
			t.Error(err)
		}
		if r, err := c.Do(t.Context(), wire.SASL, &wire.SASLRequest{}); err == nil {
			t.Errorf("without a token: %+v", r.Header)
		}
	})
}

// ask sends bytes to the first server and reads to the end.
func ask(t *testing.T, e *Ensemble, b []byte) string {
	t.Helper()
	nc := must.Get(e.Dial("tcp", e.Addrs()[0], 0))(t)
	defer nc.Close()
	must.Get(nc.Write(b))(t)
	answer := must.Get(io.ReadAll(nc))(t)
	return string(answer)
}

// stmk sets the value that gtmk returns.
func TestTraceMask(t *testing.T) {
	single(t, func(t *testing.T, e *Ensemble, _ *zkclient.Conn) {
		for _, x := range []struct {
			ask  []byte
			want string
		}{
			{[]byte("gtmk"), "306"},
			{binary.BigEndian.AppendUint64([]byte("stmk"), 4), "4"},
			{[]byte("gtmk"), "4"},
			{[]byte("stmk"), ""},
			{[]byte("stmkab"), ""},
			{[]byte("gtmk"), "4"},
		} {
			if got := ask(t, e, x.ask); got != x.want {
				t.Errorf("%q: %q, want %q", x.ask, got, x.want)
			}
		}
	})
}

// Creating a session counts as an answered request, which is no longer outstanding. Its proposal has a
// size.
func TestSessionIsCounted(t *testing.T) {
	single(t, func(t *testing.T, e *Ensemble, _ *zkclient.Conn) {
		srvr, cons := ask(t, e, []byte("srvr")), ask(t, e, []byte("cons"))
		if !strings.Contains(srvr, "\nOutstanding: 0\n") || strings.Contains(srvr, "last/min/max: -1") {
			t.Errorf("srvr: %s", srvr)
		}
		if !strings.Contains(cons, "lop=SESS,") || !strings.Contains(cons, "lcxid=0x0,") {
			t.Errorf("cons: %s", cons)
		}
		mntr := ask(t, e, []byte("mntr"))
		for _, line := range []string{
			"zk_cnt_updatelatency\t1", "zk_connection_request_count\t1", "zk_commit_count\t1", "zk_proposal_count\t1", "zk_looking_count\t1",
		} {
			if !strings.Contains(mntr, line+"\n") {
				t.Errorf("mntr has no line %q", line)
			}
		}
	})
}
