package ensemble

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
)

func TestParseWatches(t *testing.T) {
	got := must.Get(ParseWatches("0x1dc6acfac000003\n\t/a/b\n\t/a b\n0xf000000000000001\n\n"))(t)
	last := int64(-0x0fffffffffffffff)
	if d := cmp.Diff(map[int64][]string{0x1dc6acfac000003: {"/a/b", "/a b"}, last: nil}, got); d != "" {
		t.Error(d)
	}
	if got, err := ParseWatches("\n"); len(got) != 0 || err != nil {
		t.Error(got, err)
	}
	for _, answer := range []string{"hello\n", "0x1g\n", "\t/path before a session\n"} {
		if got, err := ParseWatches(answer); err == nil {
			t.Errorf("%q: %v", answer, got)
		}
	}
	if _, err := ParseWatches("This ZooKeeper instance is not currently serving requests\n"); !errors.Is(err, ErrNotServing) {
		t.Error(err)
	}
}
