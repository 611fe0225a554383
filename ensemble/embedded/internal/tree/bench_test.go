package tree

import (
	"fmt"
	"testing"

	"github.com/zklab/zklab/internal/zk/wire"
)

// crowd returns a tree with n znodes below /q, of which every tenth is a container.
func crowd(b *testing.B, n int) *Tree {
	tr := New()
	tr.Apply(&Txn{Zxid: 1, Body: &Create{Path: "/q", ACL: open, ParentCversion: 1}})
	for i := range n {
		tr.Apply(&Txn{Zxid: int64(i + 2), Body: &Create{
			Path: fmt.Sprintf("/q/n-%010d", i), Data: []byte("0123456789"), ACL: open, Container: i%10 == 0, ParentCversion: int32(i + 1),
		}})
	}
	b.ReportAllocs()
	return tr
}

var sizes = []int{100, 100_000}

func BenchmarkApplyCreateAndDelete(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr := crowd(b, n)
			create := &Txn{Zxid: int64(n + 2), Op: wire.Create, Body: &Create{Path: "/q/x", ACL: open}}
			remove := &Txn{Zxid: int64(n + 3), Op: wire.Delete, Body: &Delete{Path: "/q/x"}}
			for b.Loop() {
				tr.Apply(create)
				if r := tr.Apply(remove); r.Err != wire.OK {
					b.Fatal(r.Err)
				}
			}
		})
	}
}

func BenchmarkApplySetData(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr := crowd(b, n)
			set := &Txn{Zxid: int64(n + 2), Op: wire.SetData, Body: &SetData{Path: "/q/n-0000000050", Data: []byte("x")}}
			for b.Loop() {
				if r := tr.Apply(set); r.Err != wire.OK {
					b.Fatal(r.Err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr := crowd(b, n)
			for b.Loop() {
				if _, _, code := tr.Data("/q/n-0000000050", nil); code != wire.OK {
					b.Fatal(code)
				}
			}
		})
	}
}

func BenchmarkExpired(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr := crowd(b, n)
			for b.Loop() {
				if got := tr.Expired(1 << 60); len(got) > 0 {
					b.Fatal(got)
				}
			}
		})
	}
}

func BenchmarkChildren(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr := crowd(b, n)
			var names []string
			for b.Loop() {
				if names, _, _ = tr.Children("/q", nil, names[:0]); len(names) != n {
					b.Fatal(len(names))
				}
			}
		})
	}
}

func BenchmarkClone(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr := crowd(b, n)
			for b.Loop() {
				tr.Clone()
			}
		})
	}
}
