package ensembles

import (
	"strings"
	"testing"
)

func TestMemory(t *testing.T) {
	for modes, want := range map[string]string{
		"[always] madvise never\n": "ok       memory ",
		"always [madvise] never\n": "without  memory ",
		"always madvise [never]\n": "without  memory ",
	} {
		if got := memory(modes); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", modes, got, want)
		}
	}
}
