package agreement

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// tree is what a server has, by path.
type tree map[string]znode

// znode is what is compared of a znode. The zero value is none.
type znode struct {
	there               bool
	czxid, mzxid, owner int64
	version, aversion   int32
	acl, data           string // for people; equal where the values are
}

// fields are those of a znode, in the order in which differences are told.
var fields = []struct {
	name string
	of   func(znode) string
}{
	{history.FieldPresent, func(z znode) string {
		if z.there {
			return "yes"
		}
		return "no"
	}},
	{history.FieldCzxid, func(z znode) string { return history.ID(z.czxid).String() }},
	{history.FieldOwner, func(z znode) string { return history.ID(z.owner).String() }},
	{history.FieldVersion, func(z znode) string { return strconv.Itoa(int(z.version)) }},
	{history.FieldAversion, func(z znode) string { return strconv.Itoa(int(z.aversion)) }},
	{history.FieldACL, func(z znode) string { return z.acl }},
	{history.FieldData, func(z znode) string { return z.data }},
	{history.FieldMzxid, func(z znode) string { return history.ID(z.mzxid).String() }},
}

func (z znode) with(s wire.Stat) znode {
	z.there = true
	z.czxid, z.mzxid, z.owner, z.version, z.aversion = s.Czxid, s.Mzxid, s.EphemeralOwner, s.Version, s.Aversion
	return z
}

// notReadable stands for what a server does not show to anybody.
const notReadable = "not readable"

func (z znode) hidden() bool { return z.data == notReadable || z.acl == notReadable }

// longestData is the longest data that is told as it is, in bytes.
const longestData = 40

// shown is data for people: as they are if there is little, else their digest. Null is not
// the same as empty.
func shown(data []byte) string {
	switch {
	case data == nil:
		return "null"
	case len(data) <= longestData:
		return strconv.QuoteToASCII(string(data))
	}
	return fmt.Sprintf("%d bytes (SHA-256 %x)", len(data), sha256.Sum256(data))
}

// list is an access control list as ZooKeeper's own tools write it.
func list(acl []wire.ACL) string {
	entries := make([]string, len(acl))
	for i, a := range acl {
		entries[i] = a.ID.Scheme + ":" + a.ID.ID + ":" + a.Perms.Letters()
	}
	return strconv.QuoteToASCII(strings.Join(entries, ","))
}
