package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/zklab/zklab/internal/dockertest"
	"github.com/zklab/zklab/internal/testmain"
)

func TestMain(m *testing.M) {
	testmain.ManyAtOnce(4)
	testscript.Main(cleaned{m}, map[string]func(){
		"zklab":         main,
		"zklab-control": controlProgram,
		// A defect in the background, of which no command of ours has one.
		"zklab-panics": func() {
			os.Exit(supervised(func() int {
				noteRun("zklab run lock --seed 4 --faults expire@client1/acquire#1/create#1")
				noteRun("zklab run lock --seed 5")
				go panic("planted")
				select {}
			}))
		},
		// One that takes no notice of signals.
		"zklab-waits": func() {
			os.Exit(supervised(func() int {
				fmt.Println("ready")
				time.Sleep(time.Minute)
				return exitValid
			}))
		},
	})
}

// cleaned are the tests, behind which nothing is left.
type cleaned struct{ *testing.M }

func (c cleaned) Run() int {
	defer builtExactly.remove()
	return testmain.Run(c.M)
}

// Each script is a session of somebody who uses the command. "exits N cmd…"
// asserts an exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, params("testdata/script"))
}

// These scripts run real experiments, two at a time: more Java servers starve each other
// on small machines, and then nothing happens within the time limits.
func TestDockerScripts(t *testing.T) {
	dockertest.Require(t)
	p := params("testdata/docker")
	slots := make(chan struct{}, 2)
	p.Setup = func(env *testscript.Env) error {
		slots <- struct{}{}
		env.Defer(func() { <-slots })
		return nil
	}
	testscript.Run(t, p)
}

// copied gives the path of a command of TestMain, which its name makes it.
func copied(t *testing.T, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
