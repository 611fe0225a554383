package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/root"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/specimens"
)

// fullEnv is the variable with the end of the path of the file for which zklab-full has no disk space.
const fullEnv = "ZKLAB_TEST_FULL"

func TestMain(m *testing.M) {
	reports.Coarse()
	if socket := os.Getenv(testsEnv); socket != "" {
		endWithTests(socket)
	}
	if os.Getenv(process.DetachedEnv) != "" { // this program is the command that a test has put into the background
		Main()
	}
	if len(os.Args) > 1 && os.Args[1] == "guardian" { // the guardian of a lock that a test acquired in its own process
		Main()
	}
	testmain.ManyAtOnce(4)
	testscript.Main(cleaned{m}, map[string]func(){
		"zklab":         func() { Main() },
		"zklab-control": controlProgram,
		"numbers":       ownProgram,
		ownObjects:      ownObjectsProgram,
		twoPrograms:     twoProgramsProgram,
		// This command panics in a goroutine, which none of the real commands does.
		"zklab-panics": func() {
			os.Exit(process.Supervised(func() int {
				process.NoteRun("zklab run lock --seed 4 --faults expire@client1/acquire#1/create#1")
				process.NoteRun("zklab run lock --seed 5")
				go panic("planted")
				select {}
			}, nil))
		},
		// This zklab has no disk space for a file.
		"zklab-full": func() {
			atomicfile.Refuse(func(path string) error {
				if strings.HasSuffix(path, os.Getenv(fullEnv)) {
					return syscall.ENOSPC
				}
				return nil
			})
			Main()
		},
		// This zklab never ends writing a report. The file "writing" says that it has begun.
		"zklab-stuck": func() {
			atomicfile.Refuse(func(path string) error {
				if filepath.Base(path) == "report.html" {
					_ = os.WriteFile("writing", nil, 0o600)
					time.Sleep(time.Hour)
				}
				return nil
			})
			Main()
		},
		// This program leaves another one behind, in a session of its own, like a daemon: sleep, which was a shell
		// for a moment. Only tests on Linux use it.
		"zklab-daemon": func() {
			daemon := exec.Command("sh", "-c", os.Args[1]+"; echo; exec sleep 1000 >/dev/null")
			out, err := daemon.StdoutPipe()
			if err == nil {
				err = errors.Join(process.OwnSession(daemon), daemon.Start())
			}
			if err == nil {
				_, err = out.Read(make([]byte, 1)) // the shell has done what it was told
			}
			for name := ""; err == nil && name != "sleep\n"; time.Sleep(time.Millisecond) {
				var b []byte
				b, err = os.ReadFile(fmt.Sprintf("/proc/%d/comm", daemon.Process.Pid))
				name = string(b)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(usage.ExitFailed)
			}
		},
		"zklab-leaky": leakyProgram,
		// This program ignores signals.
		"zklab-waits": func() {
			os.Exit(process.Supervised(func() int {
				fmt.Println("ready")
				time.Sleep(10 * time.Minute)
				return usage.ExitValid
			}, nil))
		},
	})
}

// cleaned runs tests that must leave nothing behind.
type cleaned struct{ *testing.M }

func (c cleaned) Run() int {
	defer listenForCommands()()
	return testmain.Run(c.M)
}

// testsEnv is the variable with the socket of the process that performs the tests. Each command that a test
// starts is connected with it, and ends with it: tests that are killed leave no ensembles in the background.
const testsEnv = "ZKLAB_TEST_SOCKET"

// procEnv is the variable with the folder in which testcontainers-go looks up all processes of the machine whenever
// a command starts, which takes half of the time of the start.
const procEnv = "HOST_PROC"

// listenForCommands keeps connections of commands open. It returns a function that removes the socket.
func listenForCommands() func() {
	dir, err := os.MkdirTemp("", "zct") // the paths of sockets are short
	if err != nil {
		panic(err)
	}
	socket := filepath.Join(dir, "tests")
	l, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	os.Setenv(testsEnv, socket)
	os.Setenv(procEnv, dir) // it has no processes
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(io.Discard, conn) // until the command ends
				conn.Close()
			}()
		}
	}()
	return func() { l.Close(); os.RemoveAll(dir) }
}

// endWithTests ends this process when the process with the socket has ended.
func endWithTests(socket string) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		os.Exit(usage.ExitFailed)
	}
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		os.Exit(usage.ExitFailed)
	}()
}

// Each script is a session of a user of the command. "exits N cmd…" asserts an exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, params("testdata/script"))
}

// zklabRoot returns the commands of zklab, whose catalog has nothing else.
func zklabRoot() *cobra.Command { return root.New(specimens.Catalog{}, new(bool)) }

// runZklab runs a command line of zklab in this process.
func runZklab(args []string, stdout, stderr io.Writer) (code int) {
	return root.Execute(specimens.Catalog{}, args, stdout, stderr)
}

// answer is the outcome of a command line.
type answer struct {
	code           int
	stdout, stderr string
}

func answerTo(args ...string) answer {
	var stdout, stderr bytes.Buffer
	code := runZklab(args, &stdout, &stderr)
	return answer{code, stdout.String(), stderr.String()}
}
