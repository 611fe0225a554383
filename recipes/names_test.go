package recipes

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

var someID = strings.Repeat("0f", idLength/2)

func named(seq int32) node {
	n, ok := parse(someID+"-lock-"+decimal(seq), kindLock)
	if !ok || n.seq != seq {
		panic("parse")
	}
	return n
}

// decimal writes a counter as the server does.
func decimal(seq int32) string {
	digits, sign := strings.TrimPrefix(itoa(seq), "-"), ""
	width := 10
	if seq < 0 {
		sign, width = "-", 9
	}
	return sign + strings.Repeat("0", max(0, width-len(digits))) + digits
}

func itoa(seq int32) string {
	var digits []byte
	for n := int64(seq); ; n /= 10 {
		d := n % 10
		digits = append(digits, byte('0'+max(d, -d)))
		if n/10 == 0 {
			break
		}
	}
	if seq < 0 {
		digits = append(digits, '-')
	}
	slices.Reverse(digits)
	return string(digits)
}

func TestParse(t *testing.T) {
	for _, seq := range []int32{0, 1, 42, math.MaxInt32, math.MinInt32, math.MinInt32 + 1, -1, -999999999, -1000000000} {
		named(seq)
	}
	for _, name := range []string{
		"", "x", "lock-0000000000", someID, someID + "-lock-", someID + "-lock-000000000", someID + "-lock-00000000000",
		someID + "-lock-2147483648", someID + "-lock--2147483649", someID + "-lock-+000000001", someID + "-lock- 000000001",
		someID + "-item-0000000000", strings.ToUpper(someID) + "-lock-0000000000", "g" + someID[1:] + "-lock-0000000000",
		someID + "lock-0000000000", someID[1:] + "-lock-0000000000", someID + "-lock-0000000000\n", someID + "-lock--000000000",
	} {
		if n, ok := parse(name, kindLock); ok {
			t.Errorf("%q is taken for %+v", name, n)
		}
	}
}

func TestParseRanked(t *testing.T) {
	for _, rank := range []int64{0, 1, 10, -1, math.MaxInt64, math.MinInt64} {
		for _, seq := range []int32{0, 42, math.MaxInt32, math.MinInt32, -1} {
			name := someID + "-item-" + rankText(rank) + "-" + decimal(seq)
			if n, ok := parseRanked(name, kindItem); !ok || n.rank != rank || n.seq != seq || n.name != name || n.id != someID {
				t.Errorf("%q is taken for %+v, %v", name, n, ok)
			}
			if n, ok := parse(name, kindItem); ok {
				t.Errorf("%q is taken for %+v without a rank", name, n)
			}
		}
	}
	for _, name := range []string{
		"", someID + "-item-", someID + "-item--", someID + "-item-0000000000", someID + "-item--000000001", someID + "-item-5",
		someID + "-item-5-", someID + "-item-05-0000000000", someID + "-item-+5-0000000000", someID + "-item--0-0000000000",
		someID + "-item--5-000000000", someID + "-item-x-0000000000", someID + "-item- 5-0000000000", someID + "-lock-5-0000000000",
		someID + "-item-9223372036854775808-0000000000", someID + "-item-5-0000000000\n", someID + "-item-5--000000000",
	} {
		if n, ok := parseRanked(name, kindItem); ok {
			t.Errorf("%q is taken for %+v", name, n)
		}
	}
}

func TestOrderPastTheWrap(t *testing.T) {
	order := []int32{math.MaxInt32 - 2, math.MaxInt32 - 1, math.MaxInt32, math.MinInt32, math.MinInt32 + 1}
	for i, a := range order {
		for j, b := range order {
			if got, want := before(a, b), i < j; got != want {
				t.Errorf("before(%d, %d) = %v", a, b, got)
			}
		}
	}
	var list []node
	for _, i := range []int{3, 0, 4, 2, 1} {
		list = append(list, named(order[i]))
	}
	slices.SortFunc(list, compare)
	for i, n := range list {
		if n.seq != order[i] {
			t.Fatalf("sorted: %v", list)
		}
	}
	if !before(-1, 0) || before(0, -1) || before(0, 0) {
		t.Error("wrong at 0")
	}
}

// TestSurelyBehind: whoever is said to be behind by a look at the digits is so by the order.
func TestSurelyBehind(t *testing.T) {
	seqs := []int32{
		0, 1, 5, 6, 999999999, 1000000000, 1234567890, math.MaxInt32 - 1, math.MaxInt32,
		math.MinInt32, math.MinInt32 + 1, math.MinInt32 + 648, -1234567890, -1000000000, -999999999, -2, -1,
	}
	said := 0
	for _, a := range seqs {
		for _, b := range seqs {
			name, own := named(a), named(b)
			if !surelyBehind(name.name, own.name) {
				continue
			}
			said++
			if before(a, b) || a == b {
				t.Errorf("%d is said to be behind %d", a, b)
			}
		}
	}
	if said != 9*8/2 {
		t.Errorf("of %d pairs something is said, want it of those of the nine positive numbers", said)
	}
	for _, name := range []string{"", "9999999999", "-9999999999", someID + "-lock", someID + "-lock-999999999x"} {
		if surelyBehind(name, named(0).name) {
			t.Errorf("%q is said to be behind", name)
		}
	}
}

func TestNearestPastTheWrap(t *testing.T) {
	order := []int32{math.MaxInt32 - 1, math.MaxInt32, math.MinInt32, math.MinInt32 + 1}
	var list []node
	for _, seq := range order { // contenders of different clients
		n := named(seq)
		n.id = n.name
		list = append(list, n)
	}
	for i, own := range list {
		for most := 1; most <= 4; most++ {
			got, err := nearest(list, own, nil, most)
			if want := list[max(0, i-most):i]; err != nil || !slices.Equal(got, want) {
				t.Errorf("%d ahead of %d: %v, %v, want %v", most, own.seq, got, err, want)
			}
		}
	}
}

func TestNearestLeavesOutOwnAndSkipped(t *testing.T) {
	other := named(1)
	other.id = "other"
	own := named(3)
	list := []node{named(0), other, named(2), own}
	if got, err := nearest(list, own, nil, 2); err != nil || !slices.Equal(got, []node{other}) {
		t.Errorf("ahead: %v, %v", got, err)
	}
	if got, err := nearest(list, own, map[string]bool{other.name: true}, 2); err != nil || len(got) > 0 {
		t.Errorf("ahead but for the skipped one: %v, %v", got, err)
	}
	if _, err := nearest(list[:3], own, nil, 1); !errors.Is(err, ErrRemoved) {
		t.Errorf("own not there: %v", err)
	}
}

func TestCheckPath(t *testing.T) {
	for _, path := range []string{"/a", "/a/b", "/a b/é"} {
		if err := checkPath(path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, path := range []string{"", "a", "/", "/a/", "//a", "/a//b", "/a/./b", "/a/..", "/a\x00"} {
		if checkPath(path) == nil {
			t.Errorf("%q is taken", path)
		}
	}
}

// Anybody may make a child of any name: it is left alone, unless it is exactly
// what a recipe and a server make together.
func FuzzParse(f *testing.F) {
	for _, name := range []string{someID + "-lock-0000000000", someID + "-lock--000000001", someID + "-member-2147483647\n" + someID + "-member-x", "", "x"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []string{kindLock, kindCandidate, kindItem, kindMember, kindRead, kindWrite} {
			n, ok := parse(text, kind)
			if ok && (n.name != text || n.id+"-"+kind+"-"+decimal(n.seq) != text) {
				t.Errorf("%q is taken for %+v", text, n)
			}
		}
		for _, name := range members([]byte(text)) {
			if !slices.Contains(strings.Split(text, "\n"), name) {
				t.Errorf("member %q of %q", name, text)
			}
		}
	})
}

// TestListsFitIntoAReply: of as many znodes as there may be in a folder, with the longest names
// that they can have, and with as many more as producers put in at once, a list is no longer than
// what clients accept by default (jute.maxbuffer, 0xfffff bytes).
func TestListsFitIntoAReply(t *testing.T) {
	const last = "-2147483648"
	taken := jobName{id: someID, worker: someID, attempt: maxTries, tries: maxTries, seq: math.MinInt32}
	pending := jobName{id: someID, attempt: maxTries, tries: maxTries, seq: math.MinInt32}
	for _, c := range []struct {
		name              string
		bytes, most, more int
	}{
		{someID + "-" + kindItem + "-" + last, 66, MaxItems, 1000},
		{someID + "-" + kindItem + "-" + rankText(math.MinInt32) + "-" + last, 66, MaxItems, 800},
		{someID + "-" + kindDue + "-" + rankText(lastDue) + "-" + last, 66, MaxItems, 800},
		{someID + "-" + kindBounded + "-" + last, 66, MaxItems, 1000},
		{pending.String(), 97, MaxJobs, 800},
		{taken.String(), 97, MaxJobs, 800},
	} {
		size := 4 + len(c.name)
		if size > c.bytes {
			t.Errorf("%s takes %d bytes, not %d at most", c.name, size, c.bytes)
		}
		if all := 100 + size*(c.most+c.more); all > 0xfffff {
			t.Errorf("a list of %d like %s has %d bytes", c.most+c.more, c.name, all)
		}
	}
}
