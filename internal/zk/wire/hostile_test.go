package wire

import (
	"bytes"
	"runtime"
	"slices"
	"testing"
)

// again decodes bytes and encodes the result. Decoding and encoding that once more must give the same
// bytes: then no field was lost, moved or read as another.
func again[T any](decode func([]byte) (T, error), encode func(T) []byte) func([]byte) ([]byte, error) {
	return func(record []byte) ([]byte, error) {
		v, err := decode(record)
		if err != nil {
			return nil, err
		}
		return encode(v), nil
	}
}

func requestAgain(op Op) func([]byte) ([]byte, error) {
	return again(func(b []byte) (any, error) { return DecodeRequest(op, b) },
		func(r any) []byte { return AppendRequest(nil, op, r) })
}

var repliesAgain = map[string]func([]byte) ([]byte, error){
	"create": again(func(b []byte) (CreateReply, error) { return DecodeCreateReply(Create, b) },
		func(r CreateReply) []byte { return AppendCreateReply(nil, Create, r) }),
	"create2": again(func(b []byte) (CreateReply, error) { return DecodeCreateReply(Create2, b) },
		func(r CreateReply) []byte { return AppendCreateReply(nil, Create2, r) }),
	"children": again(func(b []byte) (ChildrenReply, error) { return DecodeChildrenReply(GetChildren, b) },
		func(r ChildrenReply) []byte { return AppendChildrenReply(nil, GetChildren, r) }),
	"children2": again(func(b []byte) (ChildrenReply, error) { return DecodeChildrenReply(GetChildren2, b) },
		func(r ChildrenReply) []byte { return AppendChildrenReply(nil, GetChildren2, r) }),
	"stat":     again(DecodeStat, func(s Stat) []byte { return s.Append(nil) }),
	"data":     again(DecodeDataReply, func(r DataReply) []byte { return r.Append(nil) }),
	"acl":      again(DecodeACLReply, func(r ACLReply) []byte { return r.Append(nil) }),
	"number":   again(DecodeChildrenNumberReply, func(n int) []byte { return AppendChildrenNumberReply(nil, n) }),
	"sync":     again(DecodeSyncReply, func(s string) []byte { return AppendSyncReply(nil, s) }),
	"addWatch": again(DecodeAddWatchReply, func(c Code) []byte { return AppendInt(nil, int32(c)) }),
	"whoAmI":   again(DecodeWhoAmIReply, func(c []ClientInfo) []byte { return AppendWhoAmIReply(nil, c) }),
	"event":    again(DecodeWatchEvent, func(e WatchEvent) []byte { return e.Append(nil) }),
	"multi":    again(DecodeMultiReply, func(r []OpResult) []byte { return AppendMultiReply(nil, r) }),
}

func checkAgain(t *testing.T, name string, record []byte, again func([]byte) ([]byte, error)) {
	t.Helper()
	once, err := again(record)
	if err != nil {
		return
	}
	if twice, err := again(once); err != nil || !bytes.Equal(once, twice) {
		t.Errorf("%s: %x became %x, then %x, %v", name, record, once, twice, err)
	}
}

var seedMulti = AppendMultiRequest(nil, []MultiOp{
	{Create, &CreateRequest{Path: "/a", Data: []byte("x"), ACL: openACL, Mode: Ephemeral}},
	{CreateTTL, &CreateRequest{Path: "/b", ACL: []ACL{{PermRead, ID{"ip", "::"}}}, Mode: PersistentTTL, TTL: 5}},
	{Check, &VersionRequest{Path: "/c", Version: -1}},
	{SetData, &SetDataRequest{Path: "/d"}},
})

var seedMultiRead = AppendMultiRequest(nil, []MultiOp{{GetData, &ReadRequest{Path: "/a"}}, {GetChildren, &ReadRequest{Path: "/b"}}})

var seedMultiReply = AppendMultiReply(nil, []OpResult{
	{Op: Create, Path: "/a"},
	{Op: Create2, Path: "/b"},
	{Op: Delete},
	{Op: SetData},
	{Op: GetData, Data: []byte("x")},
	{Op: GetChildren, Children: []string{"b"}},
	{Op: ErrorOp, Err: NoNode},
})

func FuzzDecodeRequest(f *testing.F) {
	for op, generator := range requests() {
		for seed := range 3 {
			f.Add(int32(op), AppendRequest(nil, op, generator.Example(seed)))
		}
		f.Add(int32(op), bytes.Repeat([]byte{0xff}, 40))
		f.Add(int32(op), append(make([]byte, 8), 0x7f, 0xff, 0xff, 0xff))
	}
	f.Fuzz(func(t *testing.T, op int32, record []byte) {
		if Op(op) != Multi { // see FuzzMulti
			checkAgain(t, Op(op).String(), record, requestAgain(Op(op)))
		}
	})
}

func FuzzDecodeReplies(f *testing.F) {
	for _, seed := range [][]byte{
		nil, seedMultiReply, aStat.Append(nil),
		AppendCreateReply(nil, Create2, CreateReply{Path: "/a", Stat: aStat}),
		AppendChildrenReply(nil, GetChildren2, ChildrenReply{Children: []string{"a", ""}, Stat: aStat}),
		DataReply{Stat: aStat}.Append(nil), ACLReply{ACL: openACL, Stat: aStat}.Append(nil),
		AppendWhoAmIReply(nil, []ClientInfo{{"ip", "::1"}}), WatchEvent{EventCreated, 3, "/a"}.Append(nil),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		for name, again := range repliesAgain {
			checkAgain(t, name, record, again)
		}
	})
}

func FuzzMulti(f *testing.F) {
	for _, seed := range [][]byte{nil, seedMulti, seedMultiRead, seedMultiReply, multiOf(createRecord(CreateTTL, "/a"))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		for _, kind := range []Op{Multi, MultiRead} {
			request, err := DecodeRequest(kind, record)
			if err != nil {
				continue
			}
			ops := request.([]MultiOp)
			if paths, err := Paths(kind, record); err != nil || !slices.Equal(paths, pathsOf(ops)) {
				t.Errorf("paths %q of %d operations, %v", paths, len(ops), err)
			}
			if !createsWithoutACL(ops) {
				checkAgain(t, kind.String(), record, requestAgain(kind))
			}
		}
		if results, err := DecodeMultiReply(record); err == nil {
			code, ok := MultiResult(record)
			i := slices.IndexFunc(results, func(r OpResult) bool { return r.Op != ErrorOp || r.Err != OK })
			if ok != (i >= 0) || ok && code != results[i].Err {
				t.Errorf("%v, %v of %+v", code, ok, results)
			}
		}
	})
}

func pathsOf(ops []MultiOp) []string {
	var paths []string
	for _, o := range ops {
		switch r := o.Request.(type) {
		case *CreateRequest:
			paths = append(paths, r.Path)
		case *VersionRequest:
			paths = append(paths, r.Path)
		case *SetDataRequest:
			paths = append(paths, r.Path)
		case *ReadRequest:
			paths = append(paths, r.Path)
		}
	}
	return paths
}

// createsWithoutACL reports whether an operation came as a CreateTTL but is none: with its real type it
// could not have been sent.
func createsWithoutACL(ops []MultiOp) bool {
	return slices.ContainsFunc(ops, func(o MultiOp) bool {
		r, ok := o.Request.(*CreateRequest)
		return ok && o.Op != CreateTTL && r.ACL == nil
	})
}

// allocated returns how many bytes do allocates.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The test measures how much memory a megabyte can be made to cost: records with as many and as small
// elements as possible, and lengths that promise more than follows.
func TestAllocationIsBounded(t *testing.T) {
	const size = MaxRequest
	fill := func(b, element []byte) []byte {
		return append(b, bytes.Repeat(element, (size-len(b))/len(element))...)
	}
	list := func(before, element []byte) []byte { // as many elements as there is room for
		n := (size - len(before) - 4) / len(element)
		return fill(AppendInt(slices.Clone(before), int32(n)), element)
	}
	promise := func(before []byte) []byte { return fill(AppendInt(slices.Clone(before), 1<<30), []byte{0}) }
	path := AppendString(nil, "/a")
	smallest := map[string][]byte{
		"strings":                   list(make([]byte, 8), make([]byte, 4)),
		"ACLs":                      list(AppendInt(slices.Clone(path), 0), make([]byte, 12)),
		"ACLs set":                  list(path, make([]byte, 12)),
		"deletes":                   fill(nil, AppendRequest(multiHeader{Op: Delete}.append(nil), Delete, &VersionRequest{})),
		"creates":                   fill(nil, AppendRequest(multiHeader{Op: Create}.append(nil), Create, &CreateRequest{ACL: []ACL{}})),
		"reads":                     fill(nil, AppendRequest(multiHeader{Op: GetData}.append(nil), GetData, &ReadRequest{})),
		"results":                   fill(nil, multiHeader{Op: Delete}.append(nil)),
		"identities":                list(nil, make([]byte, 8)),
		"children":                  list(nil, make([]byte, 4)),
		"a byte each":               fill(AppendInt(make([]byte, 8), size-12), []byte{0}),
		"a byte each behind a path": fill(AppendInt(AppendInt(slices.Clone(path), 0), size-14), []byte{0}),
		"promise":                   promise(nil), "promise behind a path": promise(path),
		"promise behind a zxid": promise(make([]byte, 8)), "promise of ACLs": promise(AppendInt(slices.Clone(path), 0)),
		"promise of results": promise(multiHeader{Op: GetChildren}.append(nil)),
	}
	type decoder struct {
		decode func([]byte) error
		bound  uint64 // allocated bytes for each byte of input
	}
	decoders := map[string]decoder{}
	for op := range opNames {
		decoders[op.String()] = decoder{func(b []byte) error { _, err := DecodeRequest(op, b); return err }, 5}
	}
	for name, again := range repliesAgain { // these include the cost of encoding
		decoders[name+" reply"] = decoder{func(b []byte) error { _, err := again(b); return err }, 10}
	}
	decoders["multi reply"] = decoder{func(b []byte) error { _, err := DecodeMultiReply(b); return err }, 17}
	most := map[string]uint64{}
	for name, d := range decoders {
		for input, record := range smallest {
			got := allocated(func() { d.decode(record) }) / size
			most[name] = max(most[name], got)
			if got > d.bound {
				t.Errorf("%s: %s cost %d times their size, not %d", name, input, got, d.bound)
			}
		}
	}
	// The inputs must reach the code for lists: else they prove nothing.
	for _, name := range []string{"setWatches", "create", "setACL", "multi", "multiRead", "multi reply", "children reply", "whoAmI reply"} {
		if most[name] == 0 {
			t.Errorf("%s: no input makes it allocate", name)
		}
	}
	t.Log("bytes allocated for each byte, at most:", most)
}
