package prep

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

func TestReconfig(t *testing.T) {
	super := []wire.ID{local, {Scheme: "super"}}
	asked := &wire.ReconfigRequest{Joining: "server.4=x"}
	for name, c := range map[string]struct {
		Request
		refuses wire.Code // the answer of Membership
		want    wire.Code
	}{
		"fine":                  {Request{Record: asked, Auth: super}, wire.OK, wire.OK},
		"nobody":                {Request{Record: asked}, wire.OK, wire.NoAuth},
		"refused":               {Request{Record: asked}, wire.NewConfigNoQuorum, wire.NewConfigNoQuorum},
		"session":               {Request{Record: asked, Refused: wire.SessionExpired}, wire.BadArguments, wire.SessionExpired},
		"could not be decoded":  {Request{Auth: super}, wire.OK, wire.MarshallingError},
		"record of another one": {Request{Record: &wire.PathRequest{}, Auth: super}, wire.OK, wire.MarshallingError},
	} {
		l := newLeader()
		l.prep.Membership = func(r *wire.ReconfigRequest, zxid int64) (string, wire.Code) {
			if r != asked || zxid != 1 {
				t.Errorf("%s: asked with %+v, 0x%x", name, r, zxid)
			}
			return "new", c.refuses
		}
		c.Op = wire.Reconfig
		x := l.prepare(c.Request)
		if f, failed := x.Body.(tree.Failure); failed && f.Code != c.want || failed == (c.want == wire.OK) {
			t.Errorf("%s: %+v, want %v", name, x.Body, c.want)
		}
		if c.want != wire.OK {
			continue
		}
		r := l.apply(x)
		want := wire.Stat{Version: -1, Aversion: -1, Mzxid: 1, Mtime: 1000, DataLength: 3}
		if diff := cmp.Diff(want, r.Stat); diff != "" || r.Err != wire.OK {
			t.Errorf("%s: %v %s", name, r.Err, diff)
		}
	}
}

// Until a reconfiguration has been applied, no other one is accepted.
func TestOneReconfigAtATime(t *testing.T) {
	l := newLeader()
	l.prep.Membership = func(*wire.ReconfigRequest, int64) (string, wire.Code) { return "new", wire.OK }
	ask := Request{Op: wire.Reconfig, Record: &wire.ReconfigRequest{}, Auth: []wire.ID{{Scheme: "super"}}}
	nobody := ask
	nobody.Auth = nil
	refused := l.prepare(nobody)
	first, second := l.prepare(ask), l.prepare(ask)
	for _, x := range []*tree.Txn{refused, first, second} {
		l.apply(x)
	}
	third := l.prepare(ask)
	for x, want := range map[*tree.Txn]wire.Code{refused: wire.NoAuth, first: wire.OK, second: wire.ReconfigInProgress, third: wire.OK} {
		f, failed := x.Body.(tree.Failure)
		if failed && f.Code != want || failed == (want == wire.OK) {
			t.Errorf("0x%x: %+v, want %v", x.Zxid, x.Body, want)
		}
	}
}
