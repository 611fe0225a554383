package tree

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
)

func TestExpired(t *testing.T) {
	tr := New()
	now := func() int64 { return 1000 * tr.Zxid() } // of the last transaction
	expect := func(millis int64, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, tr.Expired(millis)); diff != "" {
			t.Errorf("after 0x%x: %s", tr.Zxid(), diff)
		}
	}
	apply(t, tr, &Create{Path: "/c", ACL: open, Container: true, ParentCversion: 1})
	expect(1 << 60) // never had a child
	apply(t, tr, &Create{Path: "/c/a", ACL: open, ParentCversion: 1})
	apply(t, tr, &Create{Path: "/c/b", ACL: open, Container: true, ParentCversion: 2})
	expect(1 << 60)
	apply(t, tr, &Delete{Path: "/c/a"})
	expect(1 << 60)
	apply(t, tr, &Delete{Path: "/c/b"})
	expect(0, "/c")
	apply(t, tr, &Create{Path: "/c/a", ACL: open, ParentCversion: 3})
	expect(1 << 60)
	apply(t, tr, &Delete{Path: "/c/a"})
	expect(0, "/c")
	apply(t, tr, &Delete{Path: "/c"})
	expect(1 << 60)

	apply(t, tr, &Create{Path: "/t", ACL: open, TTL: 100 * time.Millisecond, ParentCversion: 2})
	expect(now() + 100)
	expect(now()+101, "/t")
	apply(t, tr, &SetData{Path: "/t", Version: 1})
	expect(now() + 100)
	expect(now()+101, "/t")
	set := now()
	apply(t, tr, &Create{Path: "/t/a", ACL: open, ParentCversion: 1})
	expect(1 << 60)
	apply(t, tr, &Delete{Path: "/t/a"})
	expect(set + 100)
	expect(set+101, "/t") // children do not reset the TTL
	apply(t, tr, &SetACL{Path: "/t", ACL: open, Version: 1})
	expect(set+101, "/t")
	apply(t, tr, &Delete{Path: "/t"})
	expect(1 << 60)
}

// The leader also collects expired znodes in a set, whose order is Java's.
func TestExpiredInTheOrderOfAJavaSet(t *testing.T) {
	tr := New()
	set := newJavaSet(javahash.Default)
	for i := range 20 {
		path := fmt.Sprintf("/t%d", i)
		apply(t, tr, &Create{Path: path, ACL: open, TTL: time.Second, ParentCversion: int32(i)})
		set.add(path)
	}
	if diff := cmp.Diff(set.names(), tr.Expired(1<<60)); diff != "" {
		t.Error(diff)
	}
}
