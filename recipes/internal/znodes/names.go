package znodes

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Znodes of these recipes are called <id>-<kind>-<sequence>. The id is random and made once for
// each znode, so that a client finds its own znode after a lost reply. A name of any other shape
// belongs to another program, and the recipes leave it alone. Each recipe declares its kinds.
const (
	IDLength    = 32
	usualLength = 10 // of a sequence number that is not negative
)

// NewID returns 128 random bits in hexadecimal.
func NewID() string {
	var b [IDLength / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Node is a child of a recipe's znode whose name has the shape above.
type Node struct {
	Name string
	ID   string
	Kind string
	Rank int64 // the number before the sequence, in ranked names
	Seq  int32
}

// Parse parses the name of a child. It returns false for foreign names.
func Parse(name, kind string) (Node, bool) {
	id, digits, ok := Split(name, kind)
	if !ok {
		return Node{}, false
	}
	seq, ok := Sequence(digits)
	return Node{Name: name, ID: id, Kind: kind, Seq: seq}, ok
}

// ParseRanked parses a name <id>-<kind>-<rank>-<sequence>. It returns false for every other name.
func ParseRanked(name, kind string) (Node, bool) {
	id, rest, ok := Split(name, kind)
	if !ok || rest == "" {
		return Node{}, false
	}
	i := strings.IndexByte(rest[1:], '-') + 1 // the rank may have a sign
	if i == 0 {
		return Node{}, false
	}
	rank, err := strconv.ParseInt(rest[:i], 10, 64)
	if err != nil || RankText(rank) != rest[:i] {
		return Node{}, false
	}
	seq, ok := Sequence(rest[i+1:])
	return Node{Name: name, ID: id, Kind: kind, Rank: rank, Seq: seq}, ok
}

func RankText(rank int64) string { return strconv.FormatInt(rank, 10) }

// Split returns a name's id, and what follows its kind.
func Split(name, kind string) (id, rest string, ok bool) {
	id, rest, ok = Cut(name, IDLength)
	if !ok || !IsHex(id) {
		return "", "", false
	}
	rest, ok = strings.CutPrefix(rest, "-"+kind+"-")
	return id, rest, ok
}

// Sequence parses the number that the server gave.
func Sequence(digits string) (int32, bool) {
	seq, err := strconv.ParseInt(digits, 10, 32)
	// The server writes the counter as %010d; it writes no other form. Nearly all numbers have ten
	// digits; a counter can also overflow and be negative.
	usual := len(digits) == usualLength && digits[0] >= '0'
	if err != nil || !usual && fmt.Sprintf("%010d", seq) != digits {
		return 0, false
	}
	return int32(seq), true
}

func Cut(s string, n int) (head, tail string, ok bool) {
	if len(s) < n {
		return "", "", false
	}
	return s[:n], s[n:], true
}

func IsHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// Nodes returns the children of some kinds in a list, in the order of their sequence numbers.
func Nodes(names []string, kinds ...string) []Node { return parseAll(names, kinds, Parse) }

// RankedNodes returns the ranked children of one kind in a list, in the order of their ranks, and
// within a rank in the order of their sequence numbers.
func RankedNodes(names []string, kind string) []Node {
	return parseAll(names, []string{kind}, ParseRanked)
}

func parseAll(names, kinds []string, parse func(name, kind string) (Node, bool)) []Node {
	list := Parsed(names, kinds, parse)
	slices.SortFunc(list, Compare)
	return list
}

// Parsed returns the children of some kinds in the order in which they were listed.
func Parsed(names, kinds []string, parse func(name, kind string) (Node, bool)) []Node {
	list := make([]Node, 0, len(names))
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

// distance returns how far b lies behind a. The counter is a signed 32-bit number that wraps around
// (Programmer's Guide, Sequence Nodes), so numbers are compared by their difference. That is right
// as long as the numbers of existing znodes span less than 2^31.
func distance(a, b int32) int32 { return b - a }

// Before reports whether sequence number a comes before b.
func Before(a, b int32) bool { return distance(a, b) > 0 }

// SurelyBehind reports whether name is behind own, as far as the last digits alone show it: both
// numbers have the usual ten digits, and the number of name is greater. It returns false for a few
// names that are behind own.
func SurelyBehind(name, own string) bool {
	digits, ok := usualDigits(name)
	ownDigits, ownOK := usualDigits(own)
	return ok && ownOK && digits > ownDigits
}

// usualDigits returns the digits at the end of a name, if they are a positive number as the server
// writes it. Two hyphens before them are the separator and a minus sign.
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

// Compare orders nodes by rank and sequence number, for slices.SortFunc.
func Compare(a, b Node) int {
	switch {
	case a.Rank != b.Rank:
		return cmp.Compare(a.Rank, b.Rank)
	case Before(a.Seq, b.Seq):
		return -1
	case Before(b.Seq, a.Seq):
		return 1
	}
	return strings.Compare(a.Name, b.Name)
}
