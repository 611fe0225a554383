package prep

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/wire"
)

func TestReconfig(t *testing.T) {
	super := []wire.ID{local, {Scheme: "super"}}
	asked := &wire.ReconfigRequest{Joining: "server.4=x"}
	for name, c := range map[string]struct {
		Request
		refuses wire.Code // what Membership says
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
