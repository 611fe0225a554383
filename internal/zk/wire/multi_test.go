package wire

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The results are those that Java's MultiOperationRecord and Op.Create give for a create's type and
// mode.
func TestMultiCreatesGoByTheirMode(t *testing.T) {
	const refused Op = 0
	for _, c := range []struct {
		op   Op
		mode CreateMode
		want Op
	}{
		{Create, Persistent, Create},
		{Create2, EphemeralSequential, Create2},
		{Create, Container, CreateContainer},
		{Create2, Container, CreateContainer},
		{CreateContainer, Container, CreateContainer},
		{CreateContainer, Ephemeral, CreateContainer},
		{CreateTTL, PersistentTTL, CreateTTL},
		{CreateTTL, PersistentSequentialTTL, CreateTTL},
		{CreateTTL, Ephemeral, Create},
		{CreateTTL, Container, CreateContainer},
		{CreateTTL, 7, CreateTTL}, // for the leader to refuse
		{Create, PersistentTTL, refused},
		{Create2, PersistentSequentialTTL, refused},
		{CreateContainer, 7, refused},
		{Create, -1, refused},
	} {
		request := &CreateRequest{Path: "/a", ACL: openACL, Mode: c.mode}
		want := &CreateRequest{Path: "/a", ACL: openACL, Mode: c.mode}
		if c.op == CreateTTL {
			request.TTL = time.Second
		}
		if c.want == CreateTTL {
			want.TTL = time.Second
		}
		record := AppendMultiRequest(nil, []MultiOp{{c.op, request}, {Delete, &VersionRequest{Path: "/b"}}})
		got, err := DecodeRequest(Multi, record)
		if c.want == refused {
			if err == nil || errors.Is(err, ErrUnknownOp) || errors.Is(err, ErrShort) {
				t.Errorf("%s of mode %d: %v, %v", c.op, c.mode, got, err)
			}
			continue
		}
		if diff := cmp.Diff(any([]MultiOp{{c.want, want}, {Delete, &VersionRequest{Path: "/b"}}}), got); diff != "" || err != nil {
			t.Errorf("%s of mode %d: %v %s", c.op, c.mode, err, diff)
		}
	}
}

func TestMultiTakesNoNullACL(t *testing.T) {
	for op, want := range map[Op]bool{Create: false, Create2: false, CreateContainer: false, CreateTTL: true} {
		record := AppendMultiRequest(nil, []MultiOp{{op, &CreateRequest{Path: "/a"}}})
		if _, err := DecodeRequest(Multi, record); (err == nil) != want {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestMultiHoldsOneKindOfOperations(t *testing.T) {
	read := MultiOp{GetData, &ReadRequest{Path: "/a", Watch: true}}
	list := MultiOp{GetChildren, &ReadRequest{Path: "/a", Watch: true}}
	write := MultiOp{SetData, &SetDataRequest{Path: "/a"}}
	for name, c := range map[string]struct {
		op  Op
		ops []MultiOp
		ok  bool
	}{
		"reads in a multi-read":  {MultiRead, []MultiOp{read, list}, true},
		"writes in a multi":      {Multi, []MultiOp{write, write}, true},
		"nothing in a multi":     {Multi, nil, true},
		"nothing in a read":      {MultiRead, nil, true},
		"a read in a multi":      {Multi, []MultiOp{write, read}, false},
		"a list in a multi":      {Multi, []MultiOp{list}, false},
		"a write in a read":      {MultiRead, []MultiOp{read, write}, false},
		"a delete in a read":     {MultiRead, []MultiOp{{Delete, &VersionRequest{Path: "/a"}}}, false},
		"a check in a read":      {MultiRead, []MultiOp{{Check, &VersionRequest{Path: "/a"}}}, false},
		"a create in a read":     {MultiRead, []MultiOp{{Create, &CreateRequest{Path: "/a", ACL: openACL}}}, false},
		"exists in a multi-read": {MultiRead, []MultiOp{{Exists, &ReadRequest{Path: "/a"}}}, false},
		"setACL in a multi":      {Multi, []MultiOp{{SetACL, &SetACLRequest{Path: "/a"}}}, false},
		"a multi in a multi":     {Multi, []MultiOp{{Multi, []MultiOp{write}}}, false},
	} {
		got, err := DecodeRequest(c.op, AppendMultiRequest(nil, c.ops))
		if (err == nil) != c.ok || errors.Is(err, ErrUnknownOp) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		for _, o := range got.([]MultiOp) {
			if r, ok := o.Request.(*ReadRequest); ok && r.Watch {
				t.Errorf("%s: leaves a watch", name)
			}
		}
	}
}

func TestMultiReplyKnowsTwoCreates(t *testing.T) {
	stat := Stat{Czxid: 7, Version: 1}
	got, err := DecodeMultiReply(AppendMultiReply(nil, []OpResult{
		{Op: Create, Path: "/a", Stat: stat},
		{Op: Create2, Path: "/b", Stat: stat},
		{Op: CreateContainer, Path: "/c", Stat: stat},
		{Op: CreateTTL, Path: "/d", Stat: stat},
		{Op: Delete, Err: NoNode},
	}))
	want := []OpResult{
		{Op: Create, Path: "/a"},
		{Op: Create2, Path: "/b", Stat: stat},
		{Op: Create2, Path: "/c", Stat: stat},
		{Op: Create2, Path: "/d", Stat: stat},
		{Op: ErrorOp, Err: NoNode},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestMultiReplyOfUnknownType(t *testing.T) {
	if got, err := DecodeMultiReply(multiEnd.append(multiHeader{Op: SetACL}.append(nil))); err == nil {
		t.Errorf("got %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	AppendMultiReply(nil, []OpResult{{Op: SetACL}})
}

// The server writes the result of a failed multi, and the link reads it.
func TestFailedMultiAndItsResult(t *testing.T) {
	record := AppendMultiReply(nil, []OpResult{{Op: ErrorOp}, {Op: ErrorOp, Err: NotEmpty}, {Op: ErrorOp, Err: RuntimeInconsistency}})
	if code, ok := MultiResult(record); code != NotEmpty || !ok {
		t.Errorf("%v, %v", code, ok)
	}
}

func TestMultiListsAreMadeInTheRightSize(t *testing.T) {
	results, err := DecodeMultiReply(seedMultiReply)
	if err != nil || len(results) == 0 || cap(results) != len(results) {
		t.Errorf("%d results in room for %d, %v", len(results), cap(results), err)
	}
	for op, record := range map[Op][]byte{Multi: seedMulti, MultiRead: seedMultiRead} {
		request, err := DecodeRequest(op, record)
		if ops, _ := request.([]MultiOp); err != nil || len(ops) == 0 || cap(ops) != len(ops) {
			t.Errorf("%s: %d operations in room for %d, %v", op, len(ops), cap(ops), err)
		}
	}
}
