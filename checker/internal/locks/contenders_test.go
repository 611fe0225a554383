package locks

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// Contenders of one kind have the same word before their numbers.
func TestKindsOfContenders(t *testing.T) {
	for name, want := range map[string]string{
		"c1-lock-0000000000": "lock", "lock-0000000007": "lock", "00ff-lock-0000000007": "lock", "0000000007": "", "abad-0000000007": "",
	} {
		if got := kindOf(&evidence.Znode{Path: "/k/" + name}); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
