package embedded_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// quotaStep is a request of a client, and its outcome under enforced quotas.
type quotaStep struct {
	op   wire.Op
	req  any
	want wire.Code
}

func withData(path, data string) *wire.CreateRequest {
	r := makeOf(path, wire.Persistent)
	r.Data = []byte(data)
	return r
}

func setTo(path string, data string, version int32) *wire.SetDataRequest {
	return &wire.SetDataRequest{Path: path, Data: []byte(data), Version: version}
}

// quotaSteps covers every rule: innermost subtree, hard and soft limits, nodes and bytes, precedence of
// errors, shrinking while above a limit, limits that cannot be read.
func quotaSteps() []quotaStep {
	const x, q = wire.QuotaExceeded, "/zookeeper/quota"
	made := func(path, data string) quotaStep { return quotaStep{wire.Create, withData(path, data), wire.OK} }
	steps := []quotaStep{
		made("/a", "1234"), made("/a/in", ""),
		made(q+"/a", ""), made(q+"/a/zookeeper_limits", "count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=4"), made(q+"/a/zookeeper_stats", "count=0,bytes=0"),
		made("/a/b", "12"), // 3 nodes, 6 bytes
		{wire.Create, withData("/a/c", "12345"), x},
		{wire.Create, withData("/a/b", "12345"), wire.NodeExists},
		{wire.Create, withData("/a/no/c", "12345"), wire.NoNode},
		{wire.SetData, setTo("/a/b", "1234567", 5), x},
		{wire.SetData, setTo("/a/b", "123456", 5), wire.BadVersion},
		{wire.SetData, setTo("/a/b", "123456", 0), wire.OK}, // 10 bytes
		{wire.SetData, setTo("/a/b", "654321", 1), wire.OK}, // the number of bytes does not change
		{wire.SetData, setTo("/a", "12345", 0), x},
		made("/a/d", ""), // 4 nodes
		{wire.Create, withData("/a/e", ""), x},
		{wire.Multi, []wire.MultiOp{{Op: wire.Create, Request: withData("/free", "")}, {Op: wire.Create, Request: withData("/a/e", "")}}, x},
		{wire.Delete, &wire.VersionRequest{Path: "/a/d", Version: -1}, wire.OK},
		made("/a/e", ""),
		made("/ab", "123456789012"), // not part of /a
		{wire.SetData, setTo(q+"/a/zookeeper_limits", "count=1,bytes=1=;byteHardLimit=3", -1), wire.OK},
		{wire.Create, withData("/a/f", ""), wire.OK}, // a soft limit
		{wire.SetData, setTo("/a/b", "1", -1), x},    // fewer bytes, but still too many
		{wire.SetData, setTo(q+"/a/zookeeper_limits", "count=x", -1), wire.OK},
		{wire.SetData, setTo("/a/b", "1", -1), wire.MarshallingError},
		{wire.SetData, setTo(q+"/a/zookeeper_limits", "count=-1,bytes=-1", -1), wire.OK},
		{wire.SetData, setTo("/a/b", strings.Repeat("1", 100), -1), wire.OK},

		// A quota within a quota: the inner one counts.
		made("/o", ""), made("/o/i", ""),
		made(q+"/o", ""), made(q+"/o/zookeeper_limits", "count=-1,bytes=-1=;countHardLimit=2"), made(q+"/o/zookeeper_stats", "count=0,bytes=0"),
		{wire.Create, withData("/o/x", ""), x},
		made(q+"/o/i", ""), made(q+"/o/i/zookeeper_limits", "count=-1,bytes=-1=;countHardLimit=3"), made(q+"/o/i/zookeeper_stats", "count=0,bytes=0"),
		made("/o/i/x", ""), made("/o/i/y", ""),
		{wire.Create, withData("/o/i/z", ""), x},
		{wire.CreateContainer, &wire.CreateRequest{Path: "/o/i/z", ACL: withData("", "").ACL, Mode: wire.Container}, x},
		{wire.Create2, makeOf("/o/i/z", wire.EphemeralSequential), x},
		{wire.Delete, &wire.VersionRequest{Path: q + "/o/i/zookeeper_limits", Version: -1}, wire.OK},
		{wire.Create, withData("/o/i/z", ""), x}, // the outer quota refuses this
	}
	return steps
}

// outcomes returns the codes that a client gets; for a multi, that of its last operation.
func outcomes(t *testing.T, c *zkclient.Conn) (codes []wire.Code) {
	t.Helper()
	for _, s := range quotaSteps() {
		r := must.Get(c.Do(t.Context(), s.op, s.req))(t)
		code := r.Header.Err
		if parts, ok := body(t, r).([]wire.OpResult); ok {
			code = parts[len(parts)-1].Err
		}
		codes = append(codes, code)
	}
	return codes
}

// enforced returns the outcomes if quotas are enforced.
func enforced() (want []wire.Code) {
	for _, s := range quotaSteps() {
		want = append(want, s.want)
	}
	return want
}

func TestQuotasAreEnforced(t *testing.T) {
	virtually(t, embedded.Config{Nodes: 1, EnforceQuota: true}, func(l *lab) {
		if d := cmp.Diff(enforced(), outcomes(l.T, l.client(l.to(1)))); d != "" {
			t.Error(d)
		}
	})
}

func TestQuotasAreOnlyCountedByDefault(t *testing.T) {
	virtually(t, embedded.Config{Nodes: 1}, func(l *lab) {
		for i, code := range outcomes(l.T, l.client(l.to(1))) {
			if code == wire.QuotaExceeded || code == wire.MarshallingError {
				t.Errorf("step %d: %v", i, code)
			}
		}
	})
}

// jute.maxbuffer limits the length of a request, and a longer one ends the connection.
func TestMaxRequest(t *testing.T) {
	for _, most := range []int{embedded.LeastMaxRequest, embedded.MostMaxRequest} {
		virtually(t, embedded.Config{Nodes: 1, MaxRequest: most}, func(l *lab) {
			c := l.client(l.to(1))
			r := makeOf("/a", wire.Persistent)
			frame := len(wire.AppendRequest(nil, wire.Create, r)) + 8 - len(r.Data)
			r.Data = make([]byte, most-frame)
			l.do(c, wire.Create, r)
			if got := body(l.T, l.do(c, wire.Exists, &wire.ReadRequest{Path: "/a"})).(wire.Stat); int(got.DataLength) != len(r.Data) {
				t.Errorf("%d bytes of %d", got.DataLength, len(r.Data))
			}
			r.Path, r.Data = "/b", append(r.Data, 0)
			if _, err := c.Do(l.ctx, wire.Create, r); err == nil {
				t.Errorf("a request of more than %d bytes is answered", most)
			}
		})
	}
	for _, most := range []int{-1, 1, embedded.LeastMaxRequest - 1, embedded.MostMaxRequest + 1} {
		if e, err := embedded.Start(embedded.Config{MaxRequest: most}); err == nil {
			e.Close()
			t.Errorf("%d is taken", most)
		}
	}
}

// maxClientCnxns is how many connections of any kind a server accepts from one address at a time; the
// next one is closed at once.
func TestMaxConnections(t *testing.T) {
	virtually(t, embedded.Config{Nodes: 1, MaxConnections: 2}, func(l *lab) {
		first, second := l.client(l.to(1)), l.client(l.to(1))
		if _, err := l.connect(l.to(1)); !errors.Is(err, wire.ErrNoReply) {
			t.Errorf("a third connection: %v", err)
		}
		l.create(first, "/a", "", wire.Persistent)
		l.do(second, wire.CloseSession, nil)
		third := l.client(l.to(1))
		if !l.exists(third, "/a") {
			t.Error("/a is not there")
		}
		if _, err := l.connect(l.to(1)); !errors.Is(err, wire.ErrNoReply) {
			t.Errorf("a third connection again: %v", err)
		}
		l.do(third, wire.CloseSession, nil)
		answer, err := ensemble.Ask(l.ctx, l.Ensemble.Dial, l.Ensemble.Addrs()[0], "mntr")
		if err != nil || !strings.Contains(answer, "\nzk_connection_rejected\t2\n") {
			t.Errorf("%v, and of mntr: %s", err, answer)
		}
	})
	if e, err := embedded.Start(embedded.Config{MaxConnections: -1}); !errors.Is(err, embedded.ErrConfig) {
		e.Close()
		t.Errorf("-1: %v", err)
	}
}

// 4lw.commands.whitelist names the words that a server answers besides srvr.
func TestWords(t *testing.T) {
	virtually(t, embedded.Config{Nodes: 1, Words: []string{"ruok"}}, func(l *lab) {
		for word, want := range map[string]error{"srvr": nil, "ruok": nil, "stat": ensemble.ErrNoWord, "mntr": ensemble.ErrNoWord} {
			if _, err := ensemble.Ask(l.ctx, l.Ensemble.Dial, l.Ensemble.Addrs()[0], word); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", word, err, want)
			}
		}
	})
	if e, err := embedded.Start(embedded.Config{Words: []string{"sttt"}}); !errors.Is(err, embedded.ErrConfig) {
		e.Close()
		t.Errorf("sttt: %v", err)
	}
}
