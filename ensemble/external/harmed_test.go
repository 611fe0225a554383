package external

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/owner"
	"github.com/zklab/zklab/internal/testkit/must"
)

// What a process did to servers is undone when it has been killed, and not while it lives. What cannot be undone is
// tried again.
func TestUndo(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	touch := func(what string) string { return "touch '" + filepath.Join(dir, what) + "-{id}'" }
	e, err := Config{Servers: threeHere, Commands: ensemble.Commands{
		Pause: touch("pause"), Resume: touch("resume"), Kill: touch("kill"), Start: touch("start"),
	}}.assemble()
	if err != nil {
		t.Fatal(err)
	}
	for _, harm := range []error{e.servers[0].Pause(t.Context()), e.servers[1].Kill(t.Context()), e.servers[2].Pause(t.Context()), e.servers[2].Resume(t.Context())} {
		if harm != nil {
			t.Fatal(harm)
		}
	}
	undone, spared, err := Undo(t.Context(), true)
	if len(undone) != 0 || len(spared) != 2 || err != nil {
		t.Fatalf("of a process that lives: %q %q, %v", undone, spared, err)
	}

	h := &e.harmed
	h.note.Owner = dead(t)
	must.Do(t, h.write())
	blocked := filepath.Join(dir, "start-2")
	h.note.Undo["127.0.0.1:2182"] = "test -e '" + blocked + "'"
	must.Do(t, h.write())
	if listed, _, err := Undo(t.Context(), false); len(listed) != 2 || err != nil {
		t.Errorf("only listed: %q, %v", listed, err)
	}
	undone, _, err = Undo(t.Context(), true)
	if len(undone) != 1 || !strings.HasPrefix(undone[0], "server at 127.0.0.1:2181: touch ") ||
		err == nil || !strings.Contains(err.Error(), "server at 127.0.0.1:2182 was left paused or down: ") {
		t.Errorf("one that cannot be undone: %q, %v", undone, err)
	}
	must.Do(t, os.WriteFile(blocked, nil, 0o600))
	if undone, _, err = Undo(t.Context(), true); len(undone) != 1 || err != nil {
		t.Errorf("the second time: %q, %v", undone, err)
	}
	if undone, spared, err = Undo(t.Context(), true); len(undone)+len(spared) != 0 || err != nil {
		t.Errorf("when all is undone: %q %q, %v", undone, spared, err)
	}
	var did []string
	entries, _ := os.ReadDir(dir)
	for _, f := range entries {
		did = append(did, f.Name())
	}
	if diff := cmp.Diff([]string{"kill-2", "pause-1", "pause-3", "resume-1", "resume-3", "start-2"}, did); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// dead is a process that has ended.
func dead(t *testing.T) owner.Process {
	t.Helper()
	cmd := exec.Command("true")
	must.Do(t, cmd.Run())
	p := owner.Self()
	p.PID, p.Start = cmd.Process.Pid, "1"
	return p
}

// A server is not harmed where nobody could note what undoes that.
func TestNotHarmedWithoutANote(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must.Do(t, os.WriteFile(file, nil, 0o600))
	t.Setenv("XDG_CACHE_HOME", file)
	did := filepath.Join(t.TempDir(), "paused")
	e := must.Get(Config{Servers: threeHere, Commands: ensemble.Commands{Pause: "touch '" + did + "' {id}", Resume: "true {id}"}}.assemble())(t)
	if err := e.servers[0].Pause(t.Context()); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(did); err == nil {
		t.Error("it was paused")
	}
}
