package stats

import (
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// BenchmarkCompute measures a lock of 40,000 operations, of which a quarter are grants.
func BenchmarkCompute(b *testing.B) {
	var r builder
	held := models.Held{Held: true}
	for i := range 10_000 {
		t := time.Duration(i) * 10 * ms
		client := i % 5
		token := models.Grant{Token: history.ID(i + 1)}
		r.invoke(t, client, models.FAcquire, "k", nil).ok(t+ms, client, models.FAcquire, "k", token)
		r.invoke(t+2*ms, client, models.FWrite, "k", token).ok(t+2*ms, client, models.FWrite, "k", models.Written{Accepted: true, Token: token.Token})
		r.invoke(t+3*ms, client, models.FConfirm, "k", nil).ok(t+3*ms, client, models.FConfirm, "k", held)
		r.invoke(t+4*ms, client, models.FRelease, "k", held).ok(t+5*ms, client, models.FRelease, "k", nil)
	}
	b.ReportAllocs()
	for b.Loop() {
		if s := Compute(&history.History{Header: r.h.Header, Events: r.h.Events}); s.Operations != 20_000 {
			b.Fatal(s.Operations)
		}
	}
}
