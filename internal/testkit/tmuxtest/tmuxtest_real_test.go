//go:build real

package tmuxtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zklab/zklab/internal/testkit/tmuxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRealTerminal(t *testing.T) {
	s := tmuxtest.Start(t, tmuxtest.Config{Width: 40, Height: 5, Env: []string{"WHO=somebody"}}, "sh", "-c", `
		stty size; echo $WHO $TERM
		while IFS= read -r line; do echo "<$line>"; done
		until [ "$(stty size)" = "10 60" ]; do sleep 0.01; done
		echo larger; exit 7`)
	s.Until(`^5 40\nsomebody tmux-256color$`)
	s.Type("Enter; é\xc3\xa9 ;")
	s.Keys("BSpace", "Enter")
	s.Until(`^<Enter; éé >$`)
	if column, line := s.Cursor(); column != 0 || line != 4 {
		t.Errorf("the cursor is at %d, %d", column, line)
	}
	s.Paste("two words\n")
	s.Until(`^<two words>$`)
	s.UntilNot(`somebody`)
	if all := s.Scrolled(); !strings.Contains(all, "somebody") {
		t.Error(all)
	}
	s.Keys("C-d")
	s.Resize(60, 10)
	s.Until(`^larger$`)
	if code := s.Ended(); code != 7 {
		t.Errorf("exit code %d", code)
	}
}

// The command ends with the test.
func TestRealEndsWithTheTest(t *testing.T) {
	pid := 0
	t.Run("", func(t *testing.T) {
		s := tmuxtest.Start(t, tmuxtest.Config{}, "sleep", "3600")
		s.Until(`\A\z`)
		pid = s.Process()
	})
	for end := time.Now().Add(time.Minute); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d is there", pid)
		}
	}
}

// alive reports whether a process runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// TestFails is run by the test below, in a process of its own.
func TestRealFails(t *testing.T) {
	if os.Getenv("TMUXTEST_FAILS") == "" {
		t.Skip("for the test below")
	}
	s := tmuxtest.Start(t, tmuxtest.Config{}, "sh", "-c", "echo something; exec sleep 60")
	s.Until(`^something$`) // a busy machine may take long to show it
	s.Within(time.Millisecond).Until("something else")
}

// If the screen never becomes as expected, the test fails and shows it.
func TestRealShowsTheScreen(t *testing.T) {
	tmuxtest.Require(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRealFails$")
	cmd.Env = append(os.Environ(), "TMUXTEST_FAILS=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no something else within 1ms on\n        | something") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestRealNeedsTmux is run by the test below.
func TestRealNeedsTmux(t *testing.T) { tmuxtest.Require(t) }

func TestRealWithoutTmux(t *testing.T) {
	for setting, want := range map[string]string{"": "--- SKIP: TestRealNeedsTmux", "required": "--- FAIL: TestRealNeedsTmux"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRealNeedsTmux$", "-test.v")
		cmd.Env = append(os.Environ(), "PATH="+t.TempDir(), "ZKLAB_REAL="+setting)
		out, err := cmd.CombinedOutput()
		if !strings.Contains(string(out), want) || (err != nil) != (setting == "required") {
			t.Errorf("ZKLAB_REAL=%s: %v, want %q in\n%s", setting, err, want, out)
		}
	}
}
