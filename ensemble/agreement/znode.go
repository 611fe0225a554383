package agreement

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// tree holds the znodes of a server, by path.
type tree map[string]znode

// znode is the compared part of a znode. The zero value is no znode.
type znode struct {
	there               bool
	czxid, mzxid, owner int64
	version, aversion   int32
	acl, data           string // for people; equal if the values are
}

// fields are the fields of a znode, in the order in which differences are reported.
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

// notReadable stands for what a server does not show.
const notReadable = "not readable"

func (z znode) hidden() bool { return z.data == notReadable || z.acl == notReadable }

// longestData is the longest data that is shown in full, in bytes.
const longestData = 40

// shown returns data for people: in full if they are short, else their digest. Null differs
// from empty.
func shown(data []byte) string {
	switch {
	case data == nil:
		return "null"
	case len(data) <= longestData:
		return strconv.QuoteToASCII(string(data))
	}
	return fmt.Sprintf("%d bytes (SHA-256 %x)", len(data), sha256.Sum256(data))
}

// list returns an access control list in the form of ZooKeeper's own tools.
func list(acl []wire.ACL) string {
	entries := make([]string, len(acl))
	for i, a := range acl {
		entries[i] = a.ID.Scheme + ":" + a.ID.ID + ":" + a.Perms.Letters()
	}
	return strconv.QuoteToASCII(strings.Join(entries, ","))
}
