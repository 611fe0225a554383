package embedded

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// What Apache ZooKeeper 3.9.3 answers, where no other test without containers asks.
// The scripts that run on both say more.

func single(t *testing.T) (addr string, c *zkclient.Conn) {
	t.Helper()
	e, err := Start(Config{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	addr = e.Addrs()[0]
	return addr, connect(t, addr, zkclient.Config{})
}

// The znodes of the ensemble have empty data, not null, and so has the configuration
// of a server that is alone.
func TestNodesOfTheEnsemble(t *testing.T) {
	_, c := single(t)
	for _, path := range []string{"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"} {
		r, err := c.Do(t.Context(), wire.GetData, &wire.ReadRequest{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		d, err := wire.DecodeDataReply(r.Record)
		if err != nil || d.Data == nil || len(d.Data) > 0 || d.Stat.Mzxid != 0 || d.Stat.Version != 0 {
			t.Errorf("%s: data null %v, %q, %+v, %v", path, d.Data == nil, d.Data, d.Stat, err)
		}
	}
}

// A client that begins with SASL gets no token and no error, and goes on.
func TestSASLIsDeclined(t *testing.T) {
	_, c := single(t)
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
}

// ask sends bytes and reads to the end.
func ask(t *testing.T, addr string, b []byte) string {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := nc.Write(b); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(nc)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// stmk sets what gtmk tells.
func TestTraceMask(t *testing.T) {
	addr, _ := single(t)
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
		if got := ask(t, addr, x.ask); got != x.want {
			t.Errorf("%q: %q, want %q", x.ask, got, x.want)
		}
	}
}

// A session that was made is a request that was answered, and no longer outstanding.
// Its proposal has a size.
func TestSessionIsCounted(t *testing.T) {
	addr, _ := single(t)
	srvr, cons := ask(t, addr, []byte("srvr")), ask(t, addr, []byte("cons"))
	if !strings.Contains(srvr, "\nOutstanding: 0\n") || strings.Contains(srvr, "last/min/max: -1") {
		t.Errorf("srvr: %s", srvr)
	}
	if !strings.Contains(cons, "lop=SESS,") || !strings.Contains(cons, "lcxid=0x0,") {
		t.Errorf("cons: %s", cons)
	}
	mntr := ask(t, addr, []byte("mntr"))
	for _, line := range []string{
		"zk_cnt_updatelatency\t1", "zk_connection_request_count\t1", "zk_commit_count\t1", "zk_proposal_count\t1", "zk_looking_count\t1",
	} {
		if !strings.Contains(mntr, line+"\n") {
			t.Errorf("mntr has no line %q", line)
		}
	}
}
