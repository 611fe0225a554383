package stats

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/samples"
)

// staleWriter returns a record in which client 0 believes from 2 to 40 ms that it holds k, and
// client 1 from 10 to 30 ms. Client 0 writes three times and client 1 once, before the last write
// of client 0.
func staleWriter(first, second history.ID, accepted bool) *historytest.Builder {
	b := historytest.New(models.Lock.Name)
	held := models.Held{Held: true}
	write := func(client int, at float64, token history.ID, accepted bool, order int64) {
		b.Op(client, models.FWrite, "k", at, at, history.OK, models.Grant{Token: token}, models.Written{Accepted: accepted, Token: token, Order: order})
	}
	b.Op(0, models.FAcquire, "k", 1, 2, history.OK, nil, models.Grant{Token: first})
	write(0, 3, first, true, 1)
	b.Op(1, models.FAcquire, "k", 5, 10, history.OK, nil, models.Grant{Token: second})
	write(0, 11, first, true, 2)
	write(1, 12, second, true, 3)
	write(0, 20, first, accepted, 4)
	b.Op(1, models.FRelease, "k", 30, 31, history.OK, held, nil)
	b.Op(0, models.FRelease, "k", 40, 41, history.OK, held, nil)
	return b
}

// A write after one of a later grant is refused, whether or not the subject gives tokens.
func TestBelief(t *testing.T) {
	want := &samples.Belief{Windows: 1, Total: 20 * ms, Longest: 20 * ms, Writes: 4, Refused: 1}
	for name, b := range map[string]*historytest.Builder{
		"with tokens": staleWriter(1, 2, false), "without tokens": staleWriter(0, 0, true),
	} {
		s := Compute(b.History())
		if diff := cmp.Diff(want, s.Belief); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		var sum samples.Samples
		sum.Merge(s.Samples)
		sum.Merge(s.Samples)
		if n, censored := sum.BeliefWindows.Count(); n != 2 || censored != 0 || sum.BeliefWindows.Quantile(1).Time != 20*ms {
			t.Errorf("%s: windows %v", name, sum.BeliefWindows)
		}
		if diff := cmp.Diff(&samples.Belief{Windows: 2, Total: 40 * ms, Longest: 20 * ms, Writes: 8, Refused: 2}, sum.Belief); diff != "" {
			t.Errorf("%s, twice: %s", name, diff)
		}
	}
}

// A window that is still there when the record ends is a lower bound.
func TestOpenBelief(t *testing.T) {
	b := historytest.New(models.Lock.Name)
	for client := range 2 {
		at := float64(10 * client)
		b.Op(client, models.FAcquire, "k", at, at+1, history.OK, nil, models.Grant{})
	}
	for client := range 2 {
		b.Op(client, models.FConfirm, "k", 50, 51, history.OK, nil, models.Held{Held: true})
	}
	s := Compute(b.History())
	if n, censored := s.Samples.BeliefWindows.Count(); n != 1 || censored != 1 || s.Belief.Windows != 1 {
		t.Errorf("%d windows, of which %d are lower bounds; %+v", n, censored, s.Belief)
	}
}

// That several clients hold a semaphore is no false belief.
func TestNoBelief(t *testing.T) {
	b := staleWriter(1, 2, true)
	b.Header.Model = models.Semaphore.Name
	if s := Compute(b.History()); s.Belief != nil || s.Samples.Belief != nil {
		t.Errorf("%+v", s.Belief)
	}
}
