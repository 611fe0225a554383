//go:build linux

package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zklab/zklab/cli/internal/clients"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A program ends with everything that it has started, whatever it is and however it is ended, before the lock
// is released. These tests use real processes, because a simulation has no signals.

// family is a process of zklab lock with all its descendants.
type family struct {
	*guardedProgram
	cut  *cuttable
	mark string // a variable in the environment of all its processes
}

var families atomic.Int32

// startFamily starts a shell script under the lock, and waits until the script prints "holds".
func startFamily(t *testing.T, script string, flags ...string) *family {
	t.Helper()
	c := startCuttable(t)
	f := &family{cut: c, mark: fmt.Sprintf("ZKLAB_TEST_FAMILY=%d-%d", os.Getpid(), families.Add(1))}
	cmd := exec.Command("zklab", append(append([]string{"lock", "/cut", "--servers", c.servers}, flags...), "--", "sh", "-c", script)...)
	cmd.Env = append(os.Environ(), f.mark)
	cmd.WaitDelay = time.Minute // in case a remaining process keeps standard error open
	f.guardedProgram = startGuarded(t, cmd)
	t.Cleanup(func() {
		for _, pid := range f.members(t) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	f.says(t, "holds")
	return f
}

// members returns the processes of the family that have not ended.
func (f *family) members(t *testing.T) (pids []int) {
	t.Helper()
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environments {
		if b, _ := os.ReadFile(path); bytes.Contains(b, []byte(f.mark+"\x00")) {
			pids = append(pids, integer(t, strings.Split(path, "/")[2]))
		}
	}
	return pids
}

func (f *family) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	must.Do(t, f.Process.Signal(s))
}

// guardian returns the family's process between zklab and the program.
func (f *family) guardian(t *testing.T) int {
	t.Helper()
	return childOf(t, f.Process.Pid)
}

// ends fails unless zklab exits with the code, no process of the family is left, and the lock is free.
func (f *family) ends(t *testing.T, code int) {
	t.Helper()
	got := ended(t, f.Cmd)
	if left := f.members(t); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if got != code {
		t.Errorf("exit code %d, want %d: %s", got, code, f.stderr.String())
	}
	if next := answerTo("lock", "/cut", "--servers", f.cut.direct, "--try", "--", "true"); next.code != 0 {
		t.Errorf("the lock is not free: %+v", next)
	}
}

// These scripts each run until they are ended.
const (
	inForeground = `echo holds; sleep 1000; echo no`
	inPipeline   = `echo holds; sleep 1000 | cat | cat; echo no`
	deaf         = `trap "" TERM; echo holds; sleep 1000; sleep 1000`
	withDaemon   = `zklab-daemon :; echo holds; sleep 1000; echo no`
	deafDaemon   = `zklab-daemon 'trap "" TERM'; echo holds; sleep 1000; echo no`
)

func TestAllOfAProgramEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		script string
		grace  string
		code   int    // after TERM
		says   string // the output of zklab, after TERM
	}{
		"in the foreground": {inForeground, "1m", 128 + 15, ""},
		"a pipeline":        {inPipeline, "1m", 128 + 15, ""},
		"deaf":              {deaf, "200ms", 128 + 9, "zklab: the program did not end within 200ms: killing it\n"},
		"with a daemon":     {withDaemon, "1m", 128 + 15, ""},
		"with a deaf daemon": {
			deafDaemon, "5s", 128 + 15, "did not end within 5s: killing what is left of the program\n", // the shell ends by itself before
		},
	} {
		for ending, does := range map[string]func(*testing.T){
			"TERM": func(t *testing.T) {
				f := startFamily(t, tt.script, "--grace", tt.grace)
				f.signal(t, syscall.SIGTERM)
				f.ends(t, tt.code)
				if said := f.stderr.String(); !strings.HasSuffix(said, tt.says) || (said == "") != (tt.says == "") {
					t.Errorf("%q", said)
				}
			},
			"QUIT": func(t *testing.T) {
				f := startFamily(t, "ulimit -c 0; "+tt.script, "--grace", tt.grace)
				f.signal(t, syscall.SIGQUIT)
				f.ends(t, 128+3)
			},
			"lost": func(t *testing.T) {
				f := startFamily(t, tt.script, "--grace", tt.grace)
				f.expire(t)
				f.ends(t, clients.ExitLost)
			},
			"zklab killed": func(t *testing.T) {
				// This is longer than within waits, so the end of the lease is not what ends the
				// family.
				f := startFamily(t, tt.script, "--session-timeout", "5m")
				f.signal(t, syscall.SIGKILL)
				within(t, "nothing is left", func() bool { return len(f.members(t)) == 0 })
				line := answerTo("lock", "/cut", "--servers", f.cut.direct)
				if !strings.HasPrefix(line.stdout, "/cut: 1 holds, 0 wait\n") {
					t.Errorf("the lock was free before all had ended: %+v", line)
				}
			},
			"guardian killed": func(t *testing.T) {
				f := startFamily(t, tt.script)
				must.Do(t, syscall.Kill(f.guardian(t), syscall.SIGKILL))
				f.ends(t, usage.ExitFailed)
				if want := "error: the process that guards the program has ended (signal: killed), so the program was killed\n"; f.stderr.String() != want {
					t.Errorf("%q", f.stderr.String())
				}
			},
			"zklab stopped": func(t *testing.T) {
				f := startFamily(t, tt.script, "--session-timeout", "6s", "--grace", "200ms")
				f.signal(t, syscall.SIGSTOP)
				within(t, "zklab at most is left", func() bool { return len(f.members(t)) <= 1 })
				f.signal(t, syscall.SIGCONT)
				f.ends(t, clients.ExitLost)
				if want := `zklab: zklab has stood still for 4s, so the lock may be lost: sending "terminated" to the program` + "\n"; !strings.HasPrefix(f.stderr.String(), want) {
					t.Error(f.stderr.String())
				}
			},
		} {
			t.Run(name+"/"+ending, func(t *testing.T) {
				t.Parallel()
				does(t)
			})
		}
	}
}

// expire ends the family's session from outside.
func (f *family) expire(t *testing.T) {
	t.Helper()
	expired := answerTo("ensemble", "expire", f.cut.hears(t, history.FConnected).String(), "--servers", f.cut.direct)
	if expired.code != 0 {
		t.Fatalf("%+v", expired)
	}
}

// Processes that a finished program has left behind get time to end, and the lock is held that long.
func TestLeftBehind(t *testing.T) {
	t.Run("ends by itself", func(t *testing.T) {
		fifo := filepath.Join(t.TempDir(), "fifo")
		must.Do(t, syscall.Mkfifo(fifo, 0o600))
		f := startFamily(t, `cat `+fifo+` & echo holds`, "--grace", "1m")
		if next := answerTo("lock", "/cut", "--servers", f.cut.direct, "--try", "--", "true"); next.code != clients.ExitNotObtained {
			t.Errorf("%+v", next)
		}
		must.Do(t, os.WriteFile(fifo, []byte("late\n"), 0))
		f.says(t, "late")
		f.ends(t, 0)
	})
	t.Run("does not end", func(t *testing.T) {
		f := startFamily(t, `zklab-daemon :; echo holds`, "--grace", "200ms")
		f.ends(t, 0)
		if said := f.stderr.String(); !strings.HasPrefix(said, "zklab: the program has ended, but not what it has started: sleep (") {
			t.Error(said)
		}
	})
}

// Signals that do not request an end are passed to the program.
func TestSignalsForTheProgram(t *testing.T) {
	given := make(chan os.Signal, 1)
	signal.Notify(given, syscall.SIGHUP, syscall.SIGINT) // so that they are not ignored, as they would be under nohup
	defer signal.Stop(given)
	script := ""
	signals := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH}
	for name := range signals {
		script += fmt.Sprintf("trap 'echo %s' %s; ", name, name)
	}
	f := startFamily(t, script+`trap 'exit 5' TERM; echo holds; while :; do sleep 0.05; done`, "--grace", "1m")
	for name, s := range signals {
		f.signal(t, s)
		f.says(t, name)
	}
	f.signal(t, syscall.SIGTERM)
	f.ends(t, 5)
}

// If zklab was started with a signal ignored, the program ignores it as well.
func TestIgnoredSignals(t *testing.T) {
	c := startCuttable(t)
	p := startGuarded(t, exec.Command("sh", "-c", `trap "" HUP; exec zklab lock /cut --servers `+c.servers+` -- sh -c 'echo holds; kill -HUP $$; read line; echo kept $line'`))
	p.says(t, "holds")
	must.Do(t, p.Process.Signal(syscall.SIGHUP))
	if _, err := io.WriteString(p.stdin, "it\n"); err != nil {
		t.Fatal(err)
	}
	p.says(t, "kept it")
	if code := ended(t, p.Cmd); code != 0 {
		t.Errorf("%d, %s", code, p.stderr.String())
	}
}

// While zklab still waits for the lock, signals meant for the program do not end it; those that request an
// end do.
func TestSignalsWhileWaiting(t *testing.T) {
	first := startFamily(t, `echo holds; read line`)
	send := func(p *guardedProgram, signals ...syscall.Signal) {
		t.Helper()
		within(t, "it waits", func() bool {
			return strings.HasPrefix(answerTo("lock", "/cut", "--servers", first.cut.direct).stdout, "/cut: 1 holds, 1 waits\n")
		})
		for _, s := range signals {
			must.Do(t, p.Process.Signal(s))
		}
	}
	asked := holdLock(t, "--servers", first.cut.direct, "--", "echo", "no")
	send(asked, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGQUIT)
	if code := ended(t, asked.Cmd); code != usage.ExitInterrupted {
		t.Errorf("%d: %s", code, asked.stderr.String())
	}
	goesOn := holdLock(t, "--servers", first.cut.direct, "--", "echo", "mine")
	send(goesOn, syscall.SIGWINCH) // the program would ignore this signal
	if _, err := io.WriteString(first.stdin, "\n"); err != nil {
		t.Fatal(err)
	}
	goesOn.says(t, "mine")
	if code := ended(t, goesOn.Cmd); code != 0 {
		t.Errorf("%d: %s", code, goesOn.stderr.String())
	}
	first.ends(t, 0)
}

// The guardian is not for users.
func TestGuardianByHand(t *testing.T) {
	a := answerTo("guardian", "echo", "no")
	if a.code != usage.ExitFailed || !strings.HasPrefix(a.stderr, "error: this command is for zklab itself, to run a program: use lock, elect or register") || a.stdout != "" {
		t.Errorf("%+v", a)
	}
}
