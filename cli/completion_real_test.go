//go:build real

package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/tmuxtest"
)

// A real bash completes lines when the Tab key is pressed.
func TestRealBashCompletes(t *testing.T) {
	t.Parallel()
	tmuxtest.Require(t)
	dir := t.TempDir()
	for _, path := range []string{"store/lock/2026-01-31T12-00-00.000Z/history.jsonl", "store/my lock/2026-01-30T12-00-00.000Z/history.jsonl", "notes.jsonl"} {
		must.Do(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o755))
		must.Do(t, os.WriteFile(filepath.Join(dir, path), nil, 0o644))
	}
	rc := filepath.Join(dir, "rc")
	must.Do(t, os.WriteFile(rc, []byte("PS1='> '\nbind 'set enable-bracketed-paste off'\ncd "+dir+"\nsource <(zklab completion bash)\n"), 0o644))
	s := tmuxtest.Start(t, tmuxtest.Config{Width: 120}, "bash", "--noprofile", "--rcfile", rc, "-i")
	s.Until(`^> *$`)
	// The bar marks the position of the cursor.
	for _, tt := range []struct{ typed, completed string }{
		{"zklab run lo", "zklab run lock |"},
		{"zklab run lock --subject broken:ig", "zklab run lock --subject broken:ignores-expiry |"},
		{"zklab run lock --subject=broken:ig", "zklab run lock --subject=broken:ignores-expiry |"},
		{"zklab run lock --faults pause:leader,exp", "zklab run lock --faults pause:leader,expire|"},
		{"zklab run lock --faults lose-reply:who=all,pau", "zklab run lock --faults lose-reply:who=all,pause|"},
		{"zklab run lock --faults=lose-reply:who=all,pause:lead", "zklab run lock --faults=lose-reply:who=all,pause:leader|"},
		{"zklab run lock --subject-command 'a b' --fault-", "zklab run lock --subject-command 'a b' --fault-interval |"},
		{"zklab ensemble kill lea", "zklab ensemble kill leader |"},
		{"zklab check x --model sem", "zklab check x --model semaphore:|"},
		{"zklab check lat", "zklab check latest |"},
		{"zklab check lock/", "zklab check lock/2026-01-31T12-00-00.000Z |"},
		{"zklab check my", `zklab check my\ lock/2026-01-30T12-00-00.000Z |`},
		{"zklab check no", "zklab check notes.jsonl |"},
		{"zklab run lock --config no", "zklab run lock --config notes.jsonl |"},
		// Names of files are not completed in place of a recipe.
		{"zklab run no", "zklab run no|"},
		{"zklab doctor no", "zklab doctor no|"},
		{"zklab list runs >taken --js", "zklab list runs >taken --json |"},
	} {
		s.Type(tt.typed)
		s.Keys("Tab")
		s.Type("|")
		s.Until("^" + regexp.QuoteMeta("> "+tt.completed) + "$")
		s.Keys("C-u")
	}
	if _, err := os.Stat(filepath.Join(dir, "taken")); err == nil {
		t.Error("completion wrote into a file that the line names")
	}
	s.Type("zklab run lock --subject ")
	s.Keys("Tab", "Tab")
	s.Until(`^broken:ignores-expiry +\(keeps its hold after its session expired\)$`)
}
