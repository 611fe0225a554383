package shell

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An edited value replaces only the version that was edited, and is never lost.
func TestEdit(t *testing.T) {
	virtually(t, func(b *bench) {
		temp := t.TempDir()
		t.Setenv("TMPDIR", temp)
		b.script("create /a one; create /json {\"a\":1}; create /bytes \"\\xff\"; create /lines \"x\\n\"\nedit /a\n64 edit needs a terminal")
		other := b.client()
		var opened string
		becomes := func(text string, meanwhile func() error) {
			b.Editor = func(_ context.Context, file string) error {
				opened = file
				info, err := os.Stat(file)
				if err != nil || info.Mode().Perm() != 0o600 {
					t.Error(info, err)
				}
				return errors.Join(os.WriteFile(file, []byte(text), 0o600), meanwhile())
			}
		}
		nothing := func() error { return nil }
		left := func(want int) {
			t.Helper()
			if all, err := os.ReadDir(temp); err != nil || len(all) != want {
				t.Errorf("%d left, want %d, %v", len(all), want, err)
			}
		}
		becomes("two\n", nothing)
		b.script("edit /a\n=\ncat /a\n= two")
		becomes("two\n", nothing)
		b.script("edit /a\n> ^/a is unchanged$\nstat /a\n> version +1 ")
		becomes("x\ny\n", nothing)
		b.script("edit /lines\ncat /lines\n= x\\ny\\n")
		becomes("{}", nothing)
		b.script("edit /json\ncat /json\n= {}")
		if filepath.Base(opened) != "json.json" {
			t.Error(opened)
		}
		left(0)
		b.script("edit /bytes\n64 not text\nedit /none\n1 edit /none")

		becomes("mine", func() error { _, err := other.Set(b.ctx, "/a", []byte("theirs"), -1); return err })
		got, code := b.does("edit /a")
		if code != Conflict || !strings.HasPrefix(got, "edit /a: another client wrote it meanwhile: nothing was written: the edited text is in ") {
			t.Error(code, got)
		}
		_, file, _ := strings.Cut(got, "text is in ")
		if text, err := os.ReadFile(file); string(text) != "mine" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		b.script("cat /a\n= theirs")
		left(1)

		becomes("half", func() error { return errors.New("it crashed") })
		b.script("edit /a\n3 it crashed: the edited text is in")
		left(2)
		becomes("theirs", func() error { return errors.New("it crashed") })
		b.script("edit /a\n3 it crashed\ncat /a\n= theirs")
		left(2)
		becomes("late", func() error { return other.Delete(b.ctx, "/a", -1) })
		b.script("edit /a\n1 no such znode: the edited text is in")

		// Ctrl-C in the editor is the editor's.
		ctx, interrupt := context.WithCancel(b.ctx)
		becomes("kept", func() error { interrupt(); return nil })
		if err := b.Do(ctx, "edit /json"); err != nil {
			t.Error(err)
		}
		b.script("cat /json\n= kept")
	})
}
