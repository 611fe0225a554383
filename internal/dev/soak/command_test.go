package soak

import (
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/store"
)

// actsAs makes this test binary act as the command.
const actsAs = "SOAK_TEST_ACTS_AS_COMMAND"

func TestMain(m *testing.M) { testmain.Acting(m, actsAs, act) }

// acting returns a matrix of some rows, whose command is this test binary.
func acting(t *testing.T, only string) matrix {
	t.Helper()
	t.Setenv(actsAs, "1")
	self := must.Get(os.Executable())(t)
	zklab := command.Zklab(self)
	return matrix{zklab: &zklab, tries: 3, parallel: 2, only: *regexp.MustCompile(only)}
}

// act prints the result of a run as zklab run --json does, with zklab's exit codes. The recipe's name
// says which result; Replay has the arguments.
func act(args []string) (int, error) {
	if len(args) < 8 || args[0] != "run" || args[2] != "--subject" || args[4] != "--seed" || args[6] != "--out" {
		return 64, errors.New("unknown command")
	}
	recipe, subject, seed, out := args[1], args[3], args[5], args[7]
	r := store.Result{Verdict: checker.Valid, Replay: strings.Join(args, " ")}
	code := 0
	switch {
	case recipe == "register":
		return 3, errors.New("no server answers")
	case recipe == "barrier":
		return 0, untilInterrupted(out)
	case recipe == "queue":
		r.Verdict, r.Assumptions, code = checker.Unknown, []checker.Assumption{{Name: "healthy-before", Met: true}, {Name: "load"}}, 2
	case recipe == "counter" && seed == "1":
		r.Verdicts = []checker.Verdict{{Property: "linearizable", Result: checker.Valid}}
	case recipe == "counter":
		r.Verdict, code = checker.Violation, 1
		r.Verdicts = []checker.Verdict{{Property: "linearizable", Result: checker.Violation}, {Property: "linearizable", Result: checker.Violation, Key: "b"}}
	case recipe == "election" || subject == "broken:ignores-expiry":
		r.Verdict, r.Verdicts, code = checker.Violation, []checker.Verdict{{Property: "exclusion", Result: checker.Violation}}, 1
	}
	text, err := json.Marshal(r)
	if err != nil {
		return 70, err
	}
	_, err = os.Stdout.Write(text)
	return code, err
}

// untilInterrupted waits for the signal that ends a run properly. Files say how far it has come.
func untilInterrupted(dir string) error {
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	if err := os.WriteFile(filepath.Join(dir, "begun"), nil, 0o644); err != nil {
		return err
	}
	<-interrupt
	return os.WriteFile(filepath.Join(dir, "ended"), nil, 0o644)
}

// rows returns the lines of a table, each without its duration.
func rows(table string) (all []string) {
	for line := range strings.Lines(table) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); len(cells) > 1 {
			line = strings.Join(slices.Delete(cells, len(cells)-1, len(cells)), " | ")
		}
		all = append(all, strings.TrimSpace(line))
	}
	return all
}
