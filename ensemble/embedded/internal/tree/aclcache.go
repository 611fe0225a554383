package tree

import (
	"encoding/binary"

	"github.com/zklab/zklab/internal/zk/wire"
)

// sharedACL is a list that all znodes with an equal list share. nil stands for the list of the boot
// nodes, which allows everything to everyone.
type sharedACL struct {
	list  []wire.ACL
	world wire.Perm // what anyone may do
	key   string
	users int
}

var openACL = []wire.ACL{{Perms: wire.PermAll, ID: Anyone}}

func (a *sharedACL) entries() []wire.ACL {
	if a == nil {
		return openACL
	}
	return a.list
}

// allows reports whether any of perms is granted.
func (a *sharedACL) allows(perms wire.Perm, ids []wire.ID) bool {
	return a == nil || a.world&perms != 0 || Allowed(a.list, perms, ids)
}

// aclCache has one sharedACL for equal lists: most znodes of a tree have the
// same few.
type aclCache struct {
	byKey map[string]*sharedACL
	buf   []byte
}

func newACLCache() aclCache { return aclCache{byKey: make(map[string]*sharedACL)} }

// use counts one more znode with this list.
func (c *aclCache) use(list []wire.ACL) *sharedACL {
	c.buf = appendACLKey(c.buf[:0], list)
	a := c.byKey[string(c.buf)]
	if a == nil {
		a = &sharedACL{list: list, key: string(c.buf)}
		for _, e := range list {
			if e.ID == Anyone {
				a.world |= e.Perms
			}
		}
		c.byKey[a.key] = a
	}
	a.users++
	return a
}

// drop counts one less.
func (c *aclCache) drop(a *sharedACL) {
	if a == nil {
		return
	}
	if a.users--; a.users == 0 {
		delete(c.byKey, a.key)
	}
}

func (c *aclCache) clone() (aclCache, map[*sharedACL]*sharedACL) {
	copies := newACLCache()
	of := make(map[*sharedACL]*sharedACL, len(c.byKey))
	for key, a := range c.byKey {
		b := *a
		copies.byKey[key] = &b
		of[a] = &b
	}
	return copies, of
}

// appendACLKey appends bytes that tell lists apart.
func appendACLKey(b []byte, list []wire.ACL) []byte {
	for _, e := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(e.Perms))
		b = binary.AppendUvarint(b, uint64(len(e.ID.Scheme)))
		b = append(b, e.ID.Scheme...)
		b = binary.AppendUvarint(b, uint64(len(e.ID.ID)))
		b = append(b, e.ID.ID...)
	}
	return b
}
