package soak

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
)

// A row is as it should be if zklab's own recipe is valid, or the mutant violates its property with one
// of the seeds. "make soak" runs the whole matrix with the real command, for hours.
func TestRows(t *testing.T) {
	for _, tt := range []struct {
		only, row string
		right     bool
	}{
		{"^lock zklab virtual", "| lock | zklab | virtual | valid | valid | 1", true},
		{"^queue zklab embedded", "| queue | zklab | embedded | valid | **undecided: assumption load** | 1", false},
		{"^election zklab container", "| election | zklab | container | valid | **violated: exclusion** | 1", false},
		{"^counter broken:read-set-without-version embedded", "| counter | read-set-without-version | embedded | violated: linearizable | violated: linearizable | 2", true},
		{"^lock broken:ignores-expiry virtual", "| lock | ignores-expiry | virtual | violated: lost | **violated: exclusion** | 3", false},
	} {
		m := acting(t, tt.only)
		var out strings.Builder
		m.out = &out
		err := m.run(t.Context(), strings.Join(wheres(), ","))
		if (err == nil) != tt.right || err != nil && !errors.Is(err, ErrWrong) {
			t.Errorf("%s: %v", tt.only, err)
		}
		last := map[bool]string{true: "1 of 1 were as they should be.", false: "0 of 1 were as they should be."}[tt.right]
		if diff := cmp.Diff([]string{tt.row, "", last}, rows(out.String())[2:]); diff != "" {
			t.Errorf("%s, wanted -, got +: %s", tt.only, diff)
		}
	}
}

// Rows come in the order of the matrix, whichever is done first, and a wrong row does not end the
// others.
func TestRowsInOrder(t *testing.T) {
	m := acting(t, "^(lock|queue) zklab ")
	var out strings.Builder
	m.out = &out
	if err := m.run(t.Context(), "virtual"); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
	var want []string
	for _, recipe := range specimens.Recipes() {
		if came := map[string]string{"lock": "valid", "queue": "**undecided: assumption load**"}[recipe]; came != "" {
			want = append(want, "| "+recipe+" | zklab | virtual | valid | "+came+" | 1")
		}
	}
	if diff := cmp.Diff(append(want, "", "1 of 2 were as they should be."), rows(out.String())[2:]); diff != "" {
		t.Errorf("wanted -, got +: %s", diff)
	}
}

// A row is run with the flags of its subject and its place.
func TestCommandOfARow(t *testing.T) {
	m := acting(t, "")
	m.limit = 90 * time.Second
	for only, want := range map[string]string{
		"^lock zklab virtual$":                 "--faults all --fault-interval 10s --time-limit 1m30s --simulate",
		"^lock zklab embedded$":                "--faults all --fault-interval 10s --time-limit 1m30s",
		"^lock zklab container$":               "--faults all --fault-interval 10s --time-limit 1m30s --ensemble container",
		"^lock broken:check-then-create virt.": "--time-limit 10s --simulate",
		"^lock broken:ignores-expiry embedded": "--faults expire/1500ms",
	} {
		m.only = *regexp.MustCompile(only)
		cells, err := m.cells(strings.Join(wheres(), ","))
		if err != nil || len(cells) != 1 {
			t.Fatalf("%s: %d rows, %v", only, len(cells), err)
		}
		r, err := m.one(t.Context(), cells[0], 7, "there")
		if want = "run lock --subject " + cells[0].Name + " --seed 7 --out there --quiet --json " + want; err != nil || r.Replay != want {
			t.Errorf("%v: got\n%s, want\n%s", err, r.Replay, want)
		}
	}
}

// A run that cannot be made is an error, which ends all runs.
func TestCommandThatCannotRun(t *testing.T) {
	m := acting(t, "^(lock|register) zklab ")
	m.out = &strings.Builder{}
	err := m.run(t.Context(), "virtual")
	if err == nil || errors.Is(err, ErrWrong) || !strings.Contains(err.Error(), "no server answers") {
		t.Error(err)
	}
}

// When its context ends, soak lets the runs end properly.
func TestInterrupt(t *testing.T) {
	m := acting(t, "^barrier zklab ")
	cells := must.Get(m.cells("virtual"))(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // the run creates a file when it has begun
		for {
			if _, err := os.Stat(filepath.Join(dir, "begun")); err == nil || ctx.Err() != nil {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := m.one(ctx, cells[0], 1, dir); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "ended")); err != nil {
		t.Error("the run was not interrupted:", err)
	}
}

// Zklab's own subjects have rows at each place, mutants only in virtual time and on embedded servers,
// and subjects of other libraries none.
func TestCells(t *testing.T) {
	count := func(where, only string) int {
		m := matrix{limit: time.Second, only: *regexp.MustCompile(only)}
		cells, err := m.cells(where)
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
		t.Errorf("%d rows of a mutant", n)
	}
	if n := count(all, "go-zookeeper"); n != -1 {
		t.Errorf("%d rows of another library", n)
	}
	if n := count("nowhere", ""); n != -1 {
		t.Error("unknown places have rows")
	}
}
