package tree

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Anyone is the identity that every client has.
var Anyone = wire.ID{Scheme: "world", ID: "anyone"}

// Allowed reports whether a client with these identities has any of perms by an
// access control list ("Programmer's Guide, ACL Permissions"). An empty list
// allows everything, and the super user may do everything ("Administrator's
// Guide, superDigest"). A watch event goes only to clients that may read the znode
// (CVE-2024-23944).
func Allowed(list []wire.ACL, perms wire.Perm, ids []wire.ID) bool {
	if len(list) == 0 || slices.ContainsFunc(ids, isSuper) {
		return true
	}
	for _, e := range list {
		if e.Perms&perms != 0 && (e.ID == Anyone || matchesAny(e.ID, ids)) {
			return true
		}
	}
	return false
}

func isSuper(id wire.ID) bool { return id.Scheme == "super" }

func matchesAny(granted wire.ID, ids []wire.ID) bool {
	for _, id := range ids {
		if id.Scheme == granted.Scheme && matches(granted, id.ID) {
			return true
		}
	}
	return false
}

// matches compares identities of one scheme.
func matches(granted wire.ID, id string) bool {
	switch granted.Scheme {
	case "digest":
		return granted.ID == id
	case "ip":
		network, bits, ok := parseNetwork(granted.ID)
		addr, isAddr := parseIPv4(id)
		return ok && isAddr && bits >= 0 && (network^addr)>>(32-bits) == 0
	}
	return false
}

// ValidID reports whether an access control list may name id. It knows the schemes
// of a server without further providers; auth, which is not an identity but
// stands for the client's own, is not among them.
func ValidID(id wire.ID) bool {
	switch id.Scheme {
	case "world":
		return id == Anyone
	case "digest":
		return strings.Count(strings.TrimRight(id.ID, ":"), ":") == 1
	case "ip":
		_, _, ok := parseNetwork(id.ID)
		return ok
	}
	return false
}

// Authenticated reports whether an identity is one that the scheme auth stands for:
// an address proves nothing.
func Authenticated(id wire.ID) bool { return id.Scheme == "digest" }

// parseNetwork reads "10.1.0.0/16" or an address. ZooKeeper 3.9.3 knows IPv4 only.
func parseNetwork(s string) (addr uint32, bits int, ok bool) {
	host, mask, masked := strings.Cut(s, "/")
	addr, ok = parseIPv4(host)
	if !ok || !masked {
		return addr, 32, ok
	}
	bits, err := strconv.Atoi(mask)
	return addr, bits, err == nil && bits >= 0 && bits <= 32
}

// parseIPv4 reads four decimal numbers, with leading zeros and signs if they
// have them.
func parseIPv4(s string) (addr uint32, ok bool) {
	rest := s
	for i := range 4 {
		part, after, more := strings.Cut(rest, ".")
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || n > 255 || more != (i < 3) {
			return 0, false
		}
		addr = addr<<8 | uint32(n)
		rest = after
	}
	return addr, true
}

var afterUser = regexp.MustCompile(`:.*`)

// masked returns the list as those see it who may not change it: without the digests
// of passwords.
func masked(list []wire.ACL) []wire.ACL {
	out := make([]wire.ACL, len(list))
	for i, e := range list {
		if e.ID.Scheme == "digest" {
			e.ID.ID = afterUser.ReplaceAllString(e.ID.ID, ":x")
		}
		out[i] = e
	}
	return out
}
