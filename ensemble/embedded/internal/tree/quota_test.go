package tree

import (
	"testing"

	"github.com/zklab/zklab/internal/zk/wire"
)

func TestQuotasAreCounted(t *testing.T) {
	tr := New()
	const counts = "/zookeeper/quota/a/b/zookeeper_stats"
	expect := func(want string) {
		t.Helper()
		if got, _, _ := tr.Data(counts, nil); string(got) != want {
			t.Errorf("after 0x%x: %q, want %q", tr.Zxid(), got, want)
		}
	}
	// Like Java's servers, a tree does not count the size of what it writes into
	// counts, so check would complain.
	do := func(tr *Tree, b Body) {
		t.Helper()
		if r := tr.Apply(&Txn{Zxid: tr.Zxid() + 1, Op: opOf(b), Body: b}); r.Err != wire.OK {
			t.Fatal(r.Err)
		}
	}
	make := func(path, data string) {
		t.Helper()
		r := tr.Apply(&Txn{Zxid: tr.Zxid() + 1, Op: wire.Create2, Body: &Create{Path: path, Data: []byte(data), ACL: open, ParentCversion: 1}})
		if r.Err != wire.OK || r.Stat.DataLength != int32(len(data)) {
			t.Fatalf("%s: %+v", path, r)
		}
	}
	for _, path := range []string{"/a", "/a/b", "/a/b/c", "/zookeeper/quota/a", "/zookeeper/quota/a/b"} {
		make(path, "12345")
	}
	make("/zookeeper/quota/a/b/zookeeper_limits", "count=2,bytes=-1")
	make(counts, "count=0,bytes=0")
	expect("count=2,bytes=10")
	make("/a/b/d", "123")
	expect("count=3,bytes=13")
	make("/a/x", "123")
	expect("count=3,bytes=13")
	do(tr, &SetData{Path: "/a/b", Data: []byte("1"), Version: 1})
	expect("count=3,bytes=9")
	clone := tr.Clone()
	do(clone, &Delete{Path: "/a/b/c"})
	do(clone, &Delete{Path: "/zookeeper/quota/a/b/zookeeper_limits"})
	expect("count=3,bytes=9")
	do(tr, &Delete{Path: "/a/b/c"})
	expect("count=2,bytes=4")
	if s := stat(t, tr, counts); s.Version != 0 || s.Mzxid != s.Czxid {
		t.Errorf("counting shows in the stat: %+v", s)
	}
	do(tr, &Delete{Path: "/zookeeper/quota/a/b/zookeeper_limits"})
	make("/a/b/e", "123")
	expect("count=2,bytes=4")
}

func TestAddCounts(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "count=1,bytes=9",
		"count=3,bytes=4":  "count=5,bytes=14",
		"bytes=4;count=3":  "count=5,bytes=14",
		"count=3,bytes=4=": "count=5,bytes=14",
		"count=3,bytes=4=;countHardLimit=10;byteHardLimit=7": "count=5,bytes=14=;byteHardLimit=7;countHardLimit=10",
		"rubbish":   "rubbish",
		"count=x":   "count=x",
		"\xff=\xfe": "\xff=\xfe",
	} {
		if got := string(addCounts([]byte(in), 2, 10)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
