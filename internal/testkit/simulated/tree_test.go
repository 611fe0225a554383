package simulated

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
)

// do applies the transaction that a leader makes from a request, and returns it.
func do(t Tree, z history.ID, r history.Request) history.Txn {
	x := t.Transaction(r, 7)
	x.Zxid = z
	t.Apply(&x, "")
	return x
}

func create(p string, ephemeral, sequential bool) history.Request {
	return history.Request{Op: "create", Path: p, Ephemeral: ephemeral, Sequential: sequential}
}

func TestMultiIsDoneAsAWhole(t *testing.T) {
	tr := NewTree()
	do(tr, 1, create("/a", false, false))
	before := tr.Clone()
	both := history.Request{Op: "multi", Parts: []history.Request{
		create("/a/x", false, false), {Op: "setData", Path: "/a/x"}, {Op: "delete", Path: "/b"}, create("/c", false, false),
	}}
	var codes []int32
	for _, p := range do(tr, 2, both).Parts {
		codes = append(codes, p.Error)
	}
	if diff := cmp.Diff([]int32{0, 0, NoNode, RuntimeInconsistency}, codes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, tr, cmp.AllowUnexported(Znode{})); diff != "" {
		t.Error(diff)
	}
	both.Parts = both.Parts[:2]
	if x := do(tr, 3, both); x.Refused() || tr["/a/x"] == nil || tr["/a/x"].Version != 1 || tr["/a"].Pzxid != 3 {
		t.Errorf("%+v, %+v", x, tr["/a"])
	}
}

func TestSequentialNamesAndTheEndOfASession(t *testing.T) {
	tr := NewTree()
	do(tr, 1, create("/q", false, false))
	for z := range history.ID(3) {
		do(tr, 2+z, create("/q/n-", z > 0, true))
	}
	x := do(tr, 5, history.Request{Op: "closeSession"})
	if diff := cmp.Diff([]string{"/q/n-0000000001", "/q/n-0000000002"}, x.Paths); diff != "" {
		t.Error(diff)
	}
	last := do(tr, 6, create("/q/n-", false, true))
	if diff := cmp.Diff([]string{"n-0000000000", "n-0000000003"}, tr["/q"].Children()); diff != "" || last.Path != "/q/n-0000000003" {
		t.Error(last.Path, diff)
	}
}

func TestRefused(t *testing.T) {
	tr := NewTree()
	do(tr, 1, create("/a", false, false))
	do(tr, 2, create("/a/e", true, false))
	old := int32(3)
	for want, r := range map[int32]history.Request{
		NoNode: create("/no/x", false, false), NodeExists: create("/a", false, false),
		NoChildrenForEphemerals: create("/a/e/x", false, false), NotEmpty: {Op: "delete", Path: "/a"},
		BadVersion: {Op: "check", Path: "/a", Version: &old},
	} {
		if x := do(tr, 3, r); x.Error != want {
			t.Errorf("%s %s: %d, want %d", r.Op, r.Path, x.Error, want)
		}
	}
}
