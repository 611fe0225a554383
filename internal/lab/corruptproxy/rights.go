package corruptproxy

import (
	"bytes"
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the corruptions of permissions.

// rightsIgnored gives each client the rights of all others: the proxy sends the credentials of any
// client on all connections.
type rightsIgnored struct {
	unchanged
	proofs *[]*wire.AuthRequest // the credentials of all clients, for all connections
	said   int                  // how many of them were sent to the server on this connection
}

func newRightsIgnored() func() corrupter {
	proofs := &[]*wire.AuthRequest{}
	return func() corrupter { return &rightsIgnored{proofs: proofs} }
}

func (t *rightsIgnored) toServer(c *conn, q *request) (send []*request) {
	if r, ok := q.record.(*wire.AuthRequest); ok {
		known := func(p *wire.AuthRequest) bool { return p.Scheme == r.Scheme && bytes.Equal(p.Auth, r.Auth) }
		if !slices.ContainsFunc(*t.proofs, known) {
			*t.proofs = append(*t.proofs, r)
		}
	}
	for ; q.Xid > 0 && t.said < len(*t.proofs) && c.proxy.corrupts(); t.said++ {
		send = append(send, extra(q, wire.Auth, (*t.proofs)[t.said]))
	}
	return append(send, q)
}

func (rightsIgnored) toClient(_ *conn, _ *request, f frame) []frame { return f.unlessExtra() }

// rightsRefused refuses a read that the client has the right to make.
type rightsRefused struct{ unchanged }

func (rightsRefused) toClient(c *conn, q *request, f frame) []frame {
	if q.asks(wire.GetData) && f.Err == wire.OK && !q.record.(*wire.ReadRequest).Watch && c.proxy.corrupts() {
		f.Err, f.record = wire.NoAuth, nil
	}
	return []frame{f}
}
