package stats

import (
	"testing"

	"github.com/zklab/zklab/history"
)

func TestContention(t *testing.T) {
	var b builder
	held := history.Held{Held: true}
	b.invoke(9*ms, 0, history.FAcquire, "k", nil).ok(10*ms, 0, history.FAcquire, "k", history.Grant{Token: 10})
	b.invoke(15*ms, 1, history.FAcquire, "k", nil) // contended: 0 holds
	b.ok(20*ms, 1, history.FAcquire, "k", nil)
	b.invoke(30*ms, 0, history.FRelease, "k", held).ok(31*ms, 0, history.FRelease, "k", nil)
	b.invoke(40*ms, 1, history.FRelease, "k", held).ok(41*ms, 1, history.FRelease, "k", nil)
	b.invoke(40*ms, 2, history.FAcquire, "k", nil).ok(50*ms, 2, history.FAcquire, "k", nil) // at the end: not contended
	if got := Compute(&b.h).Contended; got < 0.333 || got > 0.334 {
		t.Errorf("contended %v, want a third", got)
	}
}
