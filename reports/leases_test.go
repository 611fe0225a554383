package reports

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// TestLeases counts those who hold at a time; that several do is no false belief.
func TestLeases(t *testing.T) {
	b := historytest.New(models.Semaphore.Name)
	for client, from := range []float64{1000, 2000, 3000} { // 1, 2 and then 2 at a time
		b.Op(client, models.FAcquire, "k", from-10, from, history.OK, nil, models.Grant{Token: history.ID(client + 1)})
		b.Op(client, models.FRelease, "k", from+1500, from+1510, history.OK, models.Held{Held: true}, nil)
	}
	h := b.History()
	h.Header.Params.Leases = 2
	m := newMaterial("", h, &store.Result{})
	if len(m.overlaps) > 0 {
		t.Errorf("%d times two clients believed", len(m.overlaps))
	}
	f, absent := leasesFigure(m)
	if f == nil {
		t.Fatal(absent)
	}
	if !strings.Contains(f.note, "Dashed: each key has 2 leases.") || len(f.legend) != 1 || f.legend[0].name != "k" {
		t.Errorf("note %q, legend %+v", f.note, f.legend)
	}
	var spans []stats.Span
	for _, h := range m.holds {
		spans = append(spans, spanOf(h))
	}
	most := 0.0
	for _, at := range depth(spans, m.end) {
		most = max(most, at.Y)
	}
	if most != 2 {
		t.Errorf("%v at a time", most)
	}
	if f, absent := holdersFigure(m); f != nil || absent != "" {
		t.Error("holders are drawn as if one held at a time")
	}
}
