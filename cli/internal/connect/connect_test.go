package connect

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/client"
)

// A file of credentials has one on each line, in which a password may have any characters, and cannot
// name other files.
func TestShellCredentialsOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	for _, c := range []struct {
		text string
		want []client.Credential
	}{
		{"digest:joe:two words\r\n\ndigest:a:b", []client.Credential{{Scheme: "digest", Auth: []byte("joe:two words")}, {Scheme: "digest", Auth: []byte("a:b")}}},
		{"@" + path + "\n", nil}, // the file names itself
	} {
		must.Do(t, os.WriteFile(path, []byte(c.text), 0o600))
		f := Flags{auth: []string{"@" + path}}
		got, err := f.config()
		if (err == nil) != (c.want != nil) {
			t.Errorf("%q: %v", c.text, err)
		}
		if d := cmp.Diff(c.want, got.Auth); d != "" {
			t.Errorf("%q: %s", c.text, d)
		}
	}
}
