package recipes

import (
	"cmp"
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
// somebody else and is left alone. Kinds are declared with their recipes.
const (
	idLength    = 32
	usualLength = 10 // of a sequence number that is not negative
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
	kind string
	rank int64 // what comes before the sequence, for those that are ranked
	seq  int32
}

// parse reads the name of a child; it is false for foreign ones.
func parse(name, kind string) (node, bool) {
	id, digits, ok := split(name, kind)
	if !ok {
		return node{}, false
	}
	seq, ok := sequence(digits)
	return node{name: name, id: id, kind: kind, seq: seq}, ok
}

// parseRanked reads a name <id>-<kind>-<rank>-<sequence>; it is false for every other.
func parseRanked(name, kind string) (node, bool) {
	id, rest, ok := split(name, kind)
	if !ok || rest == "" {
		return node{}, false
	}
	i := strings.IndexByte(rest[1:], '-') + 1 // the rank may have a sign
	if i == 0 {
		return node{}, false
	}
	rank, err := strconv.ParseInt(rest[:i], 10, 64)
	if err != nil || rankText(rank) != rest[:i] {
		return node{}, false
	}
	seq, ok := sequence(rest[i+1:])
	return node{name: name, id: id, kind: kind, rank: rank, seq: seq}, ok
}

func rankText(rank int64) string { return strconv.FormatInt(rank, 10) }

// split gives a name's id, and what follows its kind.
func split(name, kind string) (id, rest string, ok bool) {
	id, rest, ok = cut(name, idLength)
	if !ok || !isHex(id) {
		return "", "", false
	}
	rest, ok = strings.CutPrefix(rest, "-"+kind+"-")
	return id, rest, ok
}

// sequence reads the number that the server gave.
func sequence(digits string) (int32, bool) {
	seq, err := strconv.ParseInt(digits, 10, 32)
	// The server writes the counter as %010d: anything else was not its doing. Ten digits are
	// just that, and nearly all that there is; a counter can also overflow and be negative.
	usual := len(digits) == usualLength && digits[0] >= '0'
	if err != nil || !usual && fmt.Sprintf("%010d", seq) != digits {
		return 0, false
	}
	return int32(seq), true
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

// nodes picks those of some kinds from a list of children, in the order of their
// sequence numbers.
func nodes(names []string, kinds ...string) []node { return parseAll(names, kinds, parse) }

// rankedNodes picks the ranked ones of one kind, in the order of their ranks, those of
// one rank in that of their sequence numbers.
func rankedNodes(names []string, kind string) []node {
	return parseAll(names, []string{kind}, parseRanked)
}

func parseAll(names, kinds []string, parse func(name, kind string) (node, bool)) []node {
	list := parsed(names, kinds, parse)
	slices.SortFunc(list, compare)
	return list
}

// parsed are those of some kinds in the order in which they were listed.
func parsed(names, kinds []string, parse func(name, kind string) (node, bool)) []node {
	list := make([]node, 0, len(names))
	for _, name := range names {
		for _, kind := range kinds {
			if n, ok := parse(name, kind); ok {
				list = append(list, n)
				break
			}
		}
	}
	return list
}

// distance is how far b lies behind a. The counter is a signed 32-bit number
// that wraps around (Programmer's Guide, Sequence Nodes), so numbers are compared
// by their difference: right as long as the live ones span less than 2^31.
func distance(a, b int32) int32 { return b - a }

// before orders sequence numbers.
func before(a, b int32) bool { return distance(a, b) > 0 }

// surelyBehind says of most names behind own, by a look at their last digits alone, that they
// are: both numbers are of the usual ten digits, and that of name is greater.
func surelyBehind(name, own string) bool {
	digits, ok := usualDigits(name)
	ownDigits, ownOK := usualDigits(own)
	return ok && ownOK && digits > ownDigits
}

// usualDigits are those that a name ends with, if they are a positive number as the server writes
// it. Two signs before them are the separator and a minus.
func usualDigits(name string) (digits string, ok bool) {
	head := len(name) - usualLength
	if head < 2 || name[head-1] != '-' || name[head-2] == '-' {
		return "", false
	}
	for _, d := range []byte(name[head:]) {
		if d < '0' || d > '9' {
			return "", false
		}
	}
	return name[head:], true
}

// compare orders nodes by rank and sequence number, for slices.SortFunc.
func compare(a, b node) int {
	switch {
	case a.rank != b.rank:
		return cmp.Compare(a.rank, b.rank)
	case before(a.seq, b.seq):
		return -1
	case before(b.seq, a.seq):
		return 1
	}
	return strings.Compare(a.name, b.name)
}
