package usage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

func TestWritablePage(t *testing.T) {
	here := t.TempDir()
	t.Chdir(here)
	must.Do(t, os.WriteFile("file", nil, 0o644))
	for _, tt := range []struct{ page, want string }{
		{"", ""},
		{"page.html", ""},
		{"new/folder/page.html", ""},
		{filepath.Join(here, "page.html"), ""},
		{filepath.Join(here, "new", "page.html"), "there is no folder " + filepath.Join(here, "new") + ": make it first"},
		{"file/page.html", "file is not a folder"},
		{filepath.Join(here, "file", "page.html"), filepath.Join(here, "file") + " is not a folder"},
	} {
		err := WritablePage(tt.page)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.page, err, tt.want)
		}
	}
	if all, _ := filepath.Glob("*"); len(all) != 1 {
		t.Errorf("left behind: %v", all)
	}
}
