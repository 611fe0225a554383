package process

import (
	"bytes"
	"os"
	"syscall"
	"testing"

	"github.com/zklab/zklab/cli/internal/usage"
)

// The parent distinguishes an undecided child from one that panicked.
func TestSupervisedCodes(t *testing.T) {
	for _, code := range []int{usage.ExitValid, usage.ExitViolation, usage.ExitUnknown, usage.ExitFailed, usage.ExitUsage, usage.ExitDefect, usage.ExitInterrupted} {
		sent := toParent(code)
		if sent == goPanic {
			t.Errorf("%d is sent as a panic", code)
		}
		if got := FromChild(sent); got != code {
			t.Errorf("%d arrives as %d", code, got)
		}
	}
	if got := FromChild(goPanic); got != usage.ExitDefect {
		t.Errorf("a panic is %d", got)
	}
}

func TestCodesAfterSignals(t *testing.T) {
	for s, want := range map[os.Signal]int{
		os.Interrupt: 130, syscall.SIGTERM: 130, syscall.SIGHUP: 130, os.Kill: 3, syscall.SIGSEGV: 70, syscall.SIGABRT: 70,
	} {
		var said bytes.Buffer
		if got := afterSignal(s, &said); got != want || (said.Len() > 0) != (s == os.Kill) {
			t.Errorf("%v: %d, %q", s, got, said.String())
		}
	}
}
