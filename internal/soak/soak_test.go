package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A row is right when its own recipe is valid, or the planted defect is convicted by its
// property; one that is not says so, and what could not be run is an error. All of the matrix
// takes hours ("make soak").
func TestRows(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	m := built(t)
	for _, tt := range []struct{ where, only, row, last string }{
		{"virtual,embedded", "^counter broken:read-set-without-version ", "| counter | read-set-without-version | embedded | violated: linearizable | ", "2 of 2 were as they should be.\n"},
		{"virtual", "^(lock|queue) zklab ", "| lock | zklab | virtual | valid | valid | 1 | ", "2 of 2 were as they should be.\n"},
	} {
		var out strings.Builder
		m.out, m.limit = &out, 20*time.Second
		if err := m.run(t.Context(), tt.where, tt.only); err != nil || !strings.Contains(out.String(), tt.row) || !strings.HasSuffix(out.String(), tt.last) {
			t.Errorf("%s %s: %v\n%s", tt.where, tt.only, err, out.String())
		}
	}
	var out strings.Builder
	m.out, m.limit = &out, time.Second // too little happens
	if err := m.run(t.Context(), "virtual", "^lock zklab "); !errors.Is(err, errWrong) || !strings.Contains(out.String(), "**undecided: ") {
		t.Errorf("%v\n%s", err, out.String())
	}
	m.zklab = "false"
	if err := m.run(t.Context(), "virtual", "^lock zklab "); err == nil || errors.Is(err, errWrong) {
		t.Errorf("a command that cannot run: %v", err)
	}
}

// Each recipe's own subjects are rows at each place, each defect where clocks are virtual and
// on embedded servers, and other libraries' none.
func TestCells(t *testing.T) {
	m := matrix{limit: time.Second}
	count := func(where, only string) int {
		cells, err := m.cells(where, regexp.MustCompile(only))
		if err != nil {
			return -1
		}
		return len(cells)
	}
	all := strings.Join(wheres(), ",")
	if n := count(all, "^lock zklab "); n != len(places) {
		t.Errorf("%d rows of the lock", n)
	}
	if n := count(all, "^lock broken:ignores-expiry "); n != 2 {
		t.Errorf("%d rows of a defect", n)
	}
	if n := count(all, "go-zookeeper"); n != -1 {
		t.Errorf("%d rows of another library", n)
	}
	if n := count("nowhere", ""); n != -1 {
		t.Error("unknown places have rows")
	}
}

func built(t *testing.T) matrix {
	t.Helper()
	m := matrix{zklab: filepath.Join(t.TempDir(), "zklab"), tries: 3, parallel: 2}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", m.zklab, "../../cmd/zklab").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return m
}
