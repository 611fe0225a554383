package conformance

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

// TestLaggingServers runs the scripts on ensembles in which one server, of each place in turn, hears and is heard
// late. What clients see must not depend on that: a script whose trace does would differ from its recording, on
// Apache's servers, by luck.
func TestLaggingServers(t *testing.T) {
	for _, r := range []recording{manual, generated} {
		want := r.traces(t)
		for late := range scriptServers {
			t.Run(fmt.Sprint(r.name, " ", late+1), func(t *testing.T) {
				for _, s := range r.scripts {
					synctest.Test(t, func(t *testing.T) {
						p := r.place(t)
						p.lag(t, p.addrs[late])
						s.compare(t, want[s.Name], p)
					})
				}
			})
		}
	}
}

// lag makes all links of a server slow.
func (p *place) lag(t *testing.T, addr string) {
	t.Helper()
	e := p.own.(*embedded.Ensemble)
	for _, from := range e.Servers() {
		for _, to := range e.Servers() {
			if from.ID() != to.ID() && (from.Addr() == addr || to.Addr() == addr) {
				must.Do(t, e.Delay(t.Context(), from.ID(), to.ID(), 300*time.Millisecond))
			}
		}
	}
}
