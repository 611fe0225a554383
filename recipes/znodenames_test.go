package recipes

import (
	"slices"
	"strings"
	"testing"
)

const anID = "0123456789abcdef0123456789abcdef"

func TestParseName(t *testing.T) {
	for name, want := range map[string]string{
		anID + "-lock-0000000012":                                 "lock",
		anID + "-item-0000000001":                                 "queue",
		anID + "-item--5-0000000001":                              "priority-queue",
		anID + "-due-1700000000000-0000000001":                    "delay-queue",
		anID + "-write-0000000003":                                "rwlock",
		anID + "-job-0-3-0000000001":                              "job-queue",
		anID + "-taken-" + anID + "-1-3-0000000001":               "job-queue",
		anID + "-job-0000000001":                                  "",
		anID + "-taken-0000000001":                                "",
		anID + "-due-0000000001":                                  "",
		anID + "-lock-12":                                         "",
		"lock-0000000012":                                         "",
		anID + "-lock-7-0000000001":                               "",
		strings.ToUpper(anID) + "-lock-0000000001":                "",
		"_c_7cf5ae0b-6f29-4a0e-b0b4-1ca9b2ca9aa6-lock-0000000012": "",
	} {
		if z, ok := ParseName(name); ok != (want != "") || ok && z.Recipe != want {
			t.Errorf("%s: %+v %v, want %q", name, z, ok, want)
		}
	}
}

// The order of names is that in which contenders have their turn, even if the counter wraps
// around.
func TestNamesInOrder(t *testing.T) {
	var list []Name
	for _, seq := range []string{"-2147483647", "2147483646", "2147483647"} {
		z, ok := ParseName(anID + "-lock-" + seq)
		if !ok {
			t.Fatal(seq)
		}
		list = append(list, z)
	}
	slices.SortFunc(list, CompareNames)
	if list[0].node.Seq != 2147483646 || list[2].node.Seq != -2147483647 {
		t.Error(list)
	}
}
