package prep

import (
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// configPath is the znode that lists the servers.
const configPath = "/zookeeper/config"

// reconfigure changes the list of servers. It requires an identity that may write to that znode: by
// default only the super user.
func (p *Prep) reconfigure(r *Request) (tree.Body, wire.Code) {
	q, ok := r.Record.(*wire.ReconfigRequest)
	switch {
	case p.Membership == nil:
		return nil, wire.ReconfigDisabled
	case !ok:
		return nil, wire.MarshallingError
	case r.Refused != wire.OK:
		return nil, r.Refused
	case p.changing != 0:
		return nil, wire.ReconfigInProgress
	}
	text, code := p.Membership(q, p.zxid)
	if code != wire.OK {
		return nil, code
	}
	n, code := p.target(configPath, wire.PermWrite, r.Auth)
	if code != wire.OK {
		return nil, code
	}
	p.changing = p.zxid
	p.put(change{zxid: p.zxid, path: configPath, Node: n})
	return &tree.SetData{Path: configPath, Data: []byte(text), Version: -1}, wire.OK
}
