package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/workloads"
)

// fullEnv is the variable with the end of the path of the file for which zklab-full has no disk space.
const fullEnv = "ZKLAB_TEST_FULL"

func TestMain(m *testing.M) {
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
		// This program leaves another one behind, in a session of its own, like a daemon.
		"zklab-daemon": func() {
			daemon := exec.Command("sh", "-c", os.Args[1]+"; echo; exec sleep 1000 >/dev/null")
			out, err := daemon.StdoutPipe()
			if err == nil {
				err = errors.Join(process.OwnSession(daemon), daemon.Start())
			}
			if err == nil {
				_, err = out.Read(make([]byte, 1)) // the child is ready
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

func (c cleaned) Run() int { return testmain.Run(c.M) }

// Each script is a session of a user of the command. "exits N cmd…" asserts an exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, params("testdata/script"))
}

// zklabRoot returns the commands of zklab, whose catalog has nothing else.
func zklabRoot() *cobra.Command { return newRoot(workloads.Catalog{}, new(bool)) }

// runZklab runs a command line of zklab in this process.
func runZklab(args []string, stdout, stderr io.Writer) (code int) {
	return execute(workloads.Catalog{}, args, stdout, stderr)
}
