package client

import (
	"testing"

	"github.com/go-zookeeper/zk"
)

// TestNoLogNoCost checks that without a logger nothing is logged, and nothing is
// allocated for the log.
func TestNoLogNoCost(t *testing.T) {
	cl := new(Client)
	if n := testing.AllocsPerRun(100, func() { cl.Repeat("a request", zk.ErrConnectionClosed) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestDeletionsKeepNothing checks that a caller that has stopped waiting leaves nothing behind,
// and that others are still told.
func TestDeletionsKeepNothing(t *testing.T) {
	var d deletions
	one, stopOne := d.Of([]string{"/a", "/b"})
	other, stopOther := d.Of([]string{"/b"})
	d.take(zk.Event{Type: zk.EventNodeDataChanged, Path: "/b"})
	if len(one)+len(other) > 0 {
		t.Error("a change is no deletion")
	}
	stopOne()
	for range 2 {
		d.take(zk.Event{Type: zk.EventNodeDeleted, Path: "/b"})
	}
	if len(one) != 0 || len(other) != 1 {
		t.Errorf("told: %d, which has stopped, and %d", len(one), len(other))
	}
	stopOther()
	if d.Pending() > 0 {
		t.Errorf("left: %v", d.waiting)
	}
}
