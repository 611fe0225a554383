package embedded_test

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/agreement"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
)

// miscounting is a connection to a server that counts digests different from the leader's.
type miscounting struct{ net.Conn }

func (c miscounting) Read(b []byte) (int, error) {
	const name = "zk_digest_mismatches_count\t"
	n, err := c.Conn.Read(b)
	copy(b[:n], bytes.Replace(b[:n], []byte(name+"0"), []byte(name+"7"), 1))
	return n, err
}

// Where only the znodes below a root are compared, those of all servers are, if one counts digests that are not the
// leader's.
func TestDigestsOfOthers(t *testing.T) {
	for name, alter := range map[string]tree.Body{"equal": nil, "another znode differs": &tree.SetData{Path: "/a", Data: []byte("7")}} {
		t.Run(name, func(t *testing.T) {
			virtually(t, embedded.Config{Latency: time.Millisecond}, func(l *lab) {
				l.grown()
				counting := l.Servers()[1].Addr()
				c := agreement.Config{
					Servers: l.Servers(), Root: "/a/b", Fence: "/a", Ask: true,
					Dial: func(network, addr string, timeout time.Duration) (net.Conn, error) {
						conn, err := l.Dial(network, addr, timeout)
						if err == nil && addr == counting {
							conn = miscounting{conn}
						}
						return conn, err
					},
				}
				if alter != nil {
					l.Server(2).Alter(&tree.Txn{Body: alter})
				}
				a := c.Compare(l.ctx)
				if len(a.Digests) != 1 || a.Digests[0].Server != 2 {
					t.Fatalf("digests of %+v", a)
				}
				if a.Everything != (alter == nil) || a.Different != len(a.Differences) || (len(a.Differences) == 1 && a.Differences[0].Path == "/a") != (alter != nil) {
					t.Errorf("%+v", a)
				}
				counting = ""
				if a := c.Compare(l.ctx); a.Everything || len(a.Digests)+len(a.Differences) > 0 {
					t.Errorf("without digests: %+v", a)
				}
			})
		})
	}
}
