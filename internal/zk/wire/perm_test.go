package wire_test

import (
	"testing"

	"github.com/zklab/zklab/internal/zk/wire"
)

func TestLettersOfPermissions(t *testing.T) {
	for all := range wire.PermAll + 1 {
		var back wire.Perm
		for _, letter := range []byte(all.Letters()) {
			p, ok := wire.PermOf(letter)
			if !ok || back&p != 0 {
				t.Fatalf("%d is %q: %c is no letter, or there twice", all, all.Letters(), letter)
			}
			back |= p
		}
		if back != all {
			t.Errorf("%d is %q, which is %d", all, all.Letters(), back)
		}
	}
	if got := wire.PermAll.Letters(); got != "cdrwa" {
		t.Errorf("all are %q", got)
	}
	if _, ok := wire.PermOf('x'); ok {
		t.Error("x is a permission")
	}
}
