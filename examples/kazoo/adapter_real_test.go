//go:build real

// Package kazoo_test checks the adapter for kazoo, which is written in Python.
package kazoo_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/subjects/adapter"
)

// python returns a Python interpreter that has kazoo.
func python(t *testing.T) string {
	t.Helper()
	programs.Require(t, programs.Kazoo)
	p, err := programs.Python("kazoo")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// served lists the recipes that kazoo has, except the partitioner.
var served = []string{
	"barrier", "cache", "config", "counter", "double-barrier", "election", "lock", "membership", "priority-queue", "queue", "rwlock", "semaphore",
}

// The adapter has every recipe that kazoo has, and passes all checks.
func TestRealConform(t *testing.T) {
	conforms(t, adapter.Conformance{Recipes: served}, runtest.Excused{})
}

// A SetPartitioner that is given up while it allocates may keep a lock.
func TestRealConformPartitioner(t *testing.T) {
	conforms(t, adapter.Conformance{Recipes: []string{"partitioner"}, Patience: 20 * time.Second}, runtest.Excused{MayFail: []string{"partitioner cancel"}})
}

func TestRealConformShallowParty(t *testing.T) {
	conforms(t, adapter.Conformance{Recipes: []string{"membership"}}, runtest.Excused{}, "--shallow-party")
}

func TestRealConformLockingQueue(t *testing.T) {
	calls := func(number int64) ([]adapter.DeclaredCall, error) {
		return []adapter.DeclaredCall{{Operation: "put", Argument: strconv.AppendInt(nil, number, 10)}, {Operation: "take"}}, nil
	}
	conforms(t, adapter.Conformance{Declared: &adapter.Declared{Name: "locking-queue", Calls: calls}}, runtest.Excused{Lacks: []string{"locking-queue cancel"}})
}

// conforms checks the adapter, with arguments. Such tests run beside each other: they wait most of the time.
func conforms(t *testing.T, c adapter.Conformance, but runtest.Excused, arguments ...string) {
	t.Helper()
	t.Parallel()
	c.Command = append([]string{python(t), "adapter.py"}, arguments...)
	runtest.Conforms(t, c, but)
}
