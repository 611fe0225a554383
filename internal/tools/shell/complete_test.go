package shell

import "testing"

// Columns are as wide as their names on a terminal.
func TestListed(t *testing.T) {
	got := listed([]string{"/a", "/日本", "/日", "/abc"}, 12)
	if want := "a     日\n日本  abc\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
