package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/store"
)

// made makes a scratch folder with contents that looks as many hours old.
func made(t *testing.T, owner string, hours int) *store.Scratch {
	t.Helper()
	s := must.Get(store.NewScratch("TestLock", owner))(t)
	t.Cleanup(s.Release)
	must.Do(t, os.MkdirAll(filepath.Join(s.Dir, "lock", "run"), 0o755))
	at := time.Now().Add(-time.Duration(hours) * time.Hour)
	must.Do(t, os.Chtimes(filepath.Join(s.Dir, ".zklab-scratch"), at, at))
	return s
}

// left returns which of these folders still exist.
func left(of map[string]*store.Scratch) map[string]bool {
	there := map[string]bool{}
	for name, s := range of {
		if _, err := os.Stat(s.Dir); err == nil {
			there[name] = true
		}
	}
	return there
}

// The newest folders of each owner are kept, and those in use.
func TestScratch(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	other := filepath.Join(tmp, "zklab-mine-1") // a folder of a user's own
	must.Do(t, os.Mkdir(other, 0o755))
	all := map[string]*store.Scratch{}
	for i, name := range []string{"now", "1 h", "2 h", "3 h", "4 h", "5 h, in use"} {
		all[name] = made(t, "a", i)
		if name != "5 h, in use" {
			all[name].Release()
		}
	}
	all["another's"] = made(t, "b", 9)
	all["another's"].Release()
	must.Do(t, all["now"].Prune("a"))
	want := map[string]bool{"now": true, "1 h": true, "2 h": true, "5 h, in use": true, "another's": true}
	if d := cmp.Diff(want, left(all)); d != "" {
		t.Error(d)
	}
	if old, _, err := store.CleanScratch(time.Now().Add(-3*time.Hour), false); err != nil || len(old) != 1 || old[0] != all["another's"].Dir {
		t.Errorf("listed %q, %v", old, err)
	}
	removed, spared, err := store.CleanScratch(time.Now(), true)
	if err != nil || len(removed) != 4 || len(spared) != 1 || spared[0] != all["5 h, in use"].Dir {
		t.Errorf("removed %q, spared %q, %v", removed, spared, err)
	}
	if err := all["5 h, in use"].Discard(); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(tmp)
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(other) {
		t.Errorf("there is %v, %v", entries, err)
	}
}

// Folders of other users stay, even if this user could remove them, and so do the targets of links.
func TestScratchOfOthers(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	s := made(t, "a", 1)
	s.Release()
	elsewhere := filepath.Join(t.TempDir(), "mine")
	must.Do(t, os.Rename(s.Dir, elsewhere))
	must.Do(t, os.Symlink(elsewhere, s.Dir))
	theirs := made(t, "a", 1)
	theirs.Release()
	back := store.ActAs(os.Geteuid() + 1)
	removed, spared, err := store.CleanScratch(time.Now(), true)
	back()
	if len(removed)+len(spared) > 0 || err != nil {
		t.Errorf("removed %v, spared %v: %v", removed, spared, err)
	}
	if removed, _, err = store.CleanScratch(time.Now(), true); len(removed) != 1 || removed[0] != theirs.Dir || err != nil {
		t.Errorf("removed %v: %v", removed, err)
	}
	for _, kept := range []string{s.Dir, elsewhere} {
		if _, err := os.Lstat(kept); err != nil {
			t.Error(err)
		}
	}
}
