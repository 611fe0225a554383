package znodes

import (
	"math"
	"slices"
	"strings"
	"testing"
)

var exampleID = strings.Repeat("0f", IDLength/2)

func named(seq int32) Node {
	n, ok := Parse(exampleID+"-lock-"+decimal(seq), "lock")
	if !ok || n.Seq != seq {
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
		"", "x", "lock-0000000000", exampleID, exampleID + "-lock-", exampleID + "-lock-000000000", exampleID + "-lock-00000000000",
		exampleID + "-lock-2147483648", exampleID + "-lock--2147483649", exampleID + "-lock-+000000001", exampleID + "-lock- 000000001",
		exampleID + "-item-0000000000", strings.ToUpper(exampleID) + "-lock-0000000000", "g" + exampleID[1:] + "-lock-0000000000",
		exampleID + "lock-0000000000", exampleID[1:] + "-lock-0000000000", exampleID + "-lock-0000000000\n", exampleID + "-lock--000000000",
	} {
		if n, ok := Parse(name, "lock"); ok {
			t.Errorf("%q is taken for %+v", name, n)
		}
	}
}

func TestParseRanked(t *testing.T) {
	for _, rank := range []int64{0, 1, 10, -1, math.MaxInt64, math.MinInt64} {
		for _, seq := range []int32{0, 42, math.MaxInt32, math.MinInt32, -1} {
			name := exampleID + "-item-" + RankText(rank) + "-" + decimal(seq)
			if n, ok := ParseRanked(name, "item"); !ok || n.Rank != rank || n.Seq != seq || n.Name != name || n.ID != exampleID {
				t.Errorf("%q is taken for %+v, %v", name, n, ok)
			}
			if n, ok := Parse(name, "item"); ok {
				t.Errorf("%q is taken for %+v without a rank", name, n)
			}
		}
	}
	for _, name := range []string{
		"", exampleID + "-item-", exampleID + "-item--", exampleID + "-item-0000000000", exampleID + "-item--000000001", exampleID + "-item-5",
		exampleID + "-item-5-", exampleID + "-item-05-0000000000", exampleID + "-item-+5-0000000000", exampleID + "-item--0-0000000000",
		exampleID + "-item--5-000000000", exampleID + "-item-x-0000000000", exampleID + "-item- 5-0000000000", exampleID + "-lock-5-0000000000",
		exampleID + "-item-9223372036854775808-0000000000", exampleID + "-item-5-0000000000\n", exampleID + "-item-5--000000000",
	} {
		if n, ok := ParseRanked(name, "item"); ok {
			t.Errorf("%q is taken for %+v", name, n)
		}
	}
}

func TestOrderPastTheWrap(t *testing.T) {
	order := []int32{math.MaxInt32 - 2, math.MaxInt32 - 1, math.MaxInt32, math.MinInt32, math.MinInt32 + 1}
	for i, a := range order {
		for j, b := range order {
			if got, want := Before(a, b), i < j; got != want {
				t.Errorf("before(%d, %d) = %v", a, b, got)
			}
		}
	}
	var list []Node
	for _, i := range []int{3, 0, 4, 2, 1} {
		list = append(list, named(order[i]))
	}
	slices.SortFunc(list, Compare)
	for i, n := range list {
		if n.Seq != order[i] {
			t.Fatalf("sorted: %v", list)
		}
	}
	if !Before(-1, 0) || Before(0, -1) || Before(0, 0) {
		t.Error("wrong at 0")
	}
}

// TestSurelyBehind checks that whatever is reported as behind by its digits is also behind
// in the order.
func TestSurelyBehind(t *testing.T) {
	seqs := []int32{
		0, 1, 5, 6, 999999999, 1000000000, 1234567890, math.MaxInt32 - 1, math.MaxInt32,
		math.MinInt32, math.MinInt32 + 1, math.MinInt32 + 648, -1234567890, -1000000000, -999999999, -2, -1,
	}
	said := 0
	for _, a := range seqs {
		for _, b := range seqs {
			name, own := named(a), named(b)
			if !SurelyBehind(name.Name, own.Name) {
				continue
			}
			said++
			if Before(a, b) || a == b {
				t.Errorf("%d is said to be behind %d", a, b)
			}
		}
	}
	if said != 9*8/2 {
		t.Errorf("of %d pairs something is said, want it of those of the nine positive numbers", said)
	}
	for _, name := range []string{"", "9999999999", "-9999999999", exampleID + "-lock", exampleID + "-lock-999999999x"} {
		if SurelyBehind(name, named(0).Name) {
			t.Errorf("%q is said to be behind", name)
		}
	}
}

func TestCheckPath(t *testing.T) {
	for _, path := range []string{"/a", "/a/b", "/a b/é"} {
		if err := CheckPath(path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, path := range []string{"", "a", "/", "/a/", "//a", "/a//b", "/a/./b", "/a/..", "/a\x00"} {
		if CheckPath(path) == nil {
			t.Errorf("%q is taken", path)
		}
	}
}

// Other clients may create children with any name. A name is left alone, unless it is
// exactly what a recipe and a server make together.
func FuzzParse(f *testing.F) {
	for _, name := range []string{exampleID + "-lock-0000000000", exampleID + "-lock--000000001", exampleID + "-member-2147483647", "", "x"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []string{"lock", "candidate", "item", "member", "read", "write"} {
			n, ok := Parse(text, kind)
			if ok && (n.Name != text || n.ID+"-"+kind+"-"+decimal(n.Seq) != text) {
				t.Errorf("%q is taken for %+v", text, n)
			}
		}
	})
}
