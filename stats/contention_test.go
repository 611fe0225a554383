package stats

import (
	"testing"

	"github.com/zklab/zklab/history/models"
)

func TestContention(t *testing.T) {
	var b builder
	held := models.Held{Held: true}
	b.invoke(9*ms, 0, models.FAcquire, "k", nil).ok(10*ms, 0, models.FAcquire, "k", models.Grant{Token: 10})
	b.invoke(15*ms, 1, models.FAcquire, "k", nil) // contended: 0 holds
	b.ok(20*ms, 1, models.FAcquire, "k", nil)
	b.invoke(30*ms, 0, models.FRelease, "k", held).ok(31*ms, 0, models.FRelease, "k", nil)
	b.invoke(40*ms, 1, models.FRelease, "k", held).ok(41*ms, 1, models.FRelease, "k", nil)
	b.invoke(40*ms, 2, models.FAcquire, "k", nil).ok(50*ms, 2, models.FAcquire, "k", nil) // at the end: not contended
	if got := Compute(&b.h).Contended; got < 0.333 || got > 0.334 {
		t.Errorf("contended %v, want a third", got)
	}
}
