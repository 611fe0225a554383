package main

import (
	"strings"
	"testing"
)

// Each campaign is a command that takes flags only. The targets of the Makefile name them.
func TestCommands(t *testing.T) {
	var names []string
	for _, cmd := range root().Commands() {
		names = append(names, cmd.Name())
		if err := cmd.Args(cmd, []string{"more"}); err == nil {
			t.Errorf("%s takes arguments", cmd.Name())
		}
	}
	if got := strings.Join(names, " "); got != "bench-table changes corpus long-tests mutants pairs pictures schemas soak spec-table suite-cost track-record" {
		t.Error(got)
	}
}
