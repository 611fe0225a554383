package recipes

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Znodes of these recipes are called <id>-<kind>-<sequence>. The id is random
// and made once for each znode wanted, so that a client finds its own one again
// after a lost reply; everything that is not exactly of this shape belongs to
// somebody else and is left alone.
const (
	kindLock      = "lock"
	kindCandidate = "candidate"
	kindItem      = "item"
	kindMember    = "member"
	kindLease     = "lease"

	idLength = 32
)

// newID returns 128 random bits in hexadecimal.
func newID() string {
	var b [idLength / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// node is a child of a recipe's znode whose name has the shape above.
type node struct {
	name string
	id   string
	seq  int32
}

// parse reads the name of a child; it is false for foreign ones.
func parse(name, kind string) (node, bool) {
	id, rest, ok := cut(name, idLength)
	if !ok || !isHex(id) {
		return node{}, false
	}
	digits, ok := strings.CutPrefix(rest, "-"+kind+"-")
	if !ok {
		return node{}, false
	}
	seq, err := strconv.ParseInt(digits, 10, 32)
	// The server writes the counter as %010d: anything else was not its doing.
	if err != nil || fmt.Sprintf("%010d", seq) != digits {
		return node{}, false
	}
	return node{name: name, id: id, seq: int32(seq)}, true
}

func cut(s string, n int) (head, tail string, ok bool) {
	if len(s) < n {
		return "", "", false
	}
	return s[:n], s[n:], true
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// nodes picks those of one kind from a list of children, in the order of their
// sequence numbers.
func nodes(names []string, kind string) []node {
	var list []node
	for _, name := range names {
		if n, ok := parse(name, kind); ok {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, compare)
	return list
}

// distance is how far b lies behind a. The counter is a signed 32-bit number
// that wraps around (Programmer's Guide, Sequence Nodes), so numbers are compared
// by their difference: right as long as the live ones span less than 2^31.
func distance(a, b int32) int32 { return b - a }

// before orders sequence numbers.
func before(a, b int32) bool { return distance(a, b) > 0 }

// compare orders nodes by sequence number, for slices.SortFunc.
func compare(a, b node) int {
	switch {
	case before(a.seq, b.seq):
		return -1
	case before(b.seq, a.seq):
		return 1
	}
	return strings.Compare(a.name, b.name)
}
