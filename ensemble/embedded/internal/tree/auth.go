package tree

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Authenticate returns the identity that a client proves with an Auth request; ok
// is false if the scheme is not known (then the server answers AuthFailed and
// closes the connection). addr is the client's address, without a port.
func Authenticate(scheme string, auth []byte, addr string) (id wire.ID, ok bool) {
	switch {
	case scheme == "ip":
		return wire.ID{Scheme: scheme, ID: addr}, true
	case scheme == "digest" && auth != nil:
		return wire.ID{Scheme: scheme, ID: Digest(string(auth))}, true
	}
	return wire.ID{}, false
}

// Digest returns the identity of "user:password" in scheme digest: user, colon, and
// the password's digest ("Programmer's Guide, Builtin ACL Schemes").
func Digest(credentials string) string {
	user, _, _ := strings.Cut(credentials, ":")
	sum := sha1.Sum([]byte(credentials))
	return user + ":" + base64.StdEncoding.EncodeToString(sum[:])
}

// AddIdentity adds id to the identities of a connection, which begin with its
// address, unless it is among them. The slice is in the order in which Java's
// server has them, which shows in WhoAmI and in what the scheme auth becomes; it
// is a new one, since requests under way keep the old.
func AddIdentity(ids []wire.ID, id wire.ID) []wire.ID {
	for _, known := range ids {
		if known == id {
			return ids
		}
	}
	all := make([]wire.ID, 0, len(ids)+1)
	all = append(append(all, ids...), id)
	javahash.Sort(all, identityTable(len(all)), idHash)
	return all
}

// identityTable returns the size of a ConcurrentHashMap of n entries: one that is
// three quarters full grows.
func identityTable(n int) int { return javahash.Grown(javahash.Default, n+1) }

// idHash returns the hash code of an identity in Java.
func idHash(id wire.ID) uint32 {
	return javahash.Spread(37*(37*17+javahash.Code(id.Scheme)) + javahash.Code(id.ID))
}
