package timeline

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
)

func TestTxnWindow(t *testing.T) {
	const most = 6
	for count := range 3*most + 1 {
		var all []history.ID
		for i := range count {
			all = append(all, history.ID(10*i+10))
		}
		for near := range history.ID(10*count + 20) {
			w := &txnWindow{most: most, near: near, found: near == 0}
			for _, id := range all {
				w.add(&history.Txn{Zxid: id})
			}
			at := slices.IndexFunc(all, func(id history.ID) bool { return id >= near })
			if at < 0 {
				at = count
			}
			from := max(0, min(at-most/2, count-most))
			want := all[from:min(count, from+most)]
			var got []history.ID
			for _, x := range w.txns() {
				got = append(got, x.Zxid)
			}
			if diff := cmp.Diff(want, got); diff != "" || w.count != count {
				t.Fatalf("%d transactions, near %d: %d, %s", count, near, w.count, diff)
			}
		}
	}
}
