package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/workloads"
)

// Each kind of finder finds a defect, and what is not wrong is not found. This is the table
// in short: all of it takes minutes ("make planted").
func TestFinders(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	m := measure{zklab: filepath.Join(t.TempDir(), "zklab"), explore: 200 * time.Millisecond, seeds: 6, dir: t.TempDir()}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", m.zklab, "../../cmd/zklab").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, tt := range []struct {
		recipe, subject, by string
		explore             time.Duration
	}{
		{"lock", "broken:check-then-create", "`explore`, without any fault", 10 * time.Second},
		{"queue", "broken:recreates", "`explore`: `", 10 * time.Second},
		{"session", "broken:ephemeral-gone", "`sweep`: seed ", m.explore},
		{"counter", workloads.Own, "", m.explore},
	} {
		t.Run(tt.recipe+" "+tt.subject, func(t *testing.T) {
			m := m
			m.explore = tt.explore
			f, err := m.find(workloads.Subject{Recipe: tt.recipe, Name: tt.subject})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(f.by, tt.by) || tt.by == "" && f.by != "" || f.runs == 0 || (len(f.broken) > 0) != (f.by != "") {
				t.Errorf("%s, after %d runs, which broke %v", f.row(), f.runs, f.broken)
			}
		})
	}
}

// The defects are those that subjects declare.
func TestDefects(t *testing.T) {
	all := defects(regexp.MustCompile(""))
	one := defects(regexp.MustCompile("^lock broken:check-then-create$"))
	if len(all) < 30 || len(one) != 1 || one[0].Property != "exclusion" {
		t.Errorf("%d defects, and %v", len(all), one)
	}
}
