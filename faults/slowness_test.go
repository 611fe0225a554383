package faults_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
)

// took returns the shortest and the longest time of many writes of a client.
func (l *lab) took(client, times int) (least, most time.Duration) {
	l.t.Helper()
	var all []time.Duration
	for range times {
		began := time.Now()
		if _, err := l.clients[client].Set(l.folder(), nil, -1); err != nil {
			l.t.Fatal(err)
		}
		all = append(all, time.Since(began))
	}
	return slices.Min(all), slices.Max(all)
}

// A fault that makes servers slow makes every write slower by so much, and only while it lasts.
func TestSlowness(t *testing.T) {
	for _, tt := range []struct {
		spec  string
		least time.Duration
	}{
		{"slow-network", 200 * time.Millisecond},
		{"slow-network:by=300ms", 600 * time.Millisecond},
		{"slow-network:leader:by=20ms", 40 * time.Millisecond},
		{"slow-network:followers", 200 * time.Millisecond},
		{"slow-disk", 100 * time.Millisecond},
		{"slow-disk:all:by=500ms", 500 * time.Millisecond},
		{"slow-disk:majority:by=1ms", time.Millisecond},
	} {
		t.Run(tt.spec, func(t *testing.T) {
			latency := 10 * time.Microsecond // so that a millisecond makes a difference
			onServers(t, embedded.Config{Latency: latency}, func(l *lab, em *embedded.Ensemble) {
				l.took(0, 1)
				e := l.seen(parsed(t, tt.spec))
				for c := range l.clients {
					if least, most := l.took(c, 5); least < tt.least || most > 6*tt.least {
						t.Errorf("writes of client %d took %v to %v, want %v at least", c, least, most, tt.least)
					}
				}
				l.healed(e, em.Clean)
				l.took(0, 10) // messages in flight are still late
				for c := range l.clients {
					if _, most := l.took(c, 5); most > 20*latency {
						t.Errorf("afterwards a write of client %d took %v", c, most)
					}
				}
				if err := l.verify(e); err == nil {
					t.Error("it is seen although it is healed")
				}
			})
		})
	}
}

// Few lost packets make some writes late, and have no worse effect.
func TestLossy(t *testing.T) {
	for _, spec := range []string{"lossy:share=2", "lossy", "lossy:leader:share=50", "lossy:all:share=90"} {
		t.Run(spec, func(t *testing.T) {
			onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
				e := l.seen(parsed(t, spec))
				if !strings.Contains(e.Describe().Detail, " before the fault") {
					t.Error(e.Describe().Detail)
				}
				if spec == "lossy:share=2" {
					if least, most := l.took(0, 300); least > 10*time.Millisecond || most < 180*time.Millisecond {
						t.Errorf("writes took %v to %v", least, most)
					}
				} else {
					time.Sleep(10 * time.Second)
				}
				l.healed(e, em.Clean)
				time.Sleep(5 * time.Second)
				for c := range l.clients {
					l.awaits("the client is back", func() bool { return l.clients[c].works(l.folder()) })
					if _, most := l.took(c, 50); most > 10*time.Millisecond {
						t.Errorf("afterwards a write of client %d took %v", c, most)
					}
				}
			})
		})
	}
}

// A fault without an effect is reported as such, and not verified.
func TestSlownessWithoutEffect(t *testing.T) {
	for _, f := range []faults.Fault{faults.SlowNetwork{}, faults.SlowDisk{}, faults.Lossy{}} {
		t.Run(f.Kind(), func(t *testing.T) {
			onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
				e := l.injected(f)
				for _, from := range l.ids() { // without the fault's knowledge
					for _, to := range l.ids(from) {
						_ = em.Delay(l.t.Context(), from, to, 0)
						_ = em.Lose(l.t.Context(), from, to, 0)
					}
					_ = em.Server(from).SlowDisk(l.t.Context(), 0)
				}
				if err := l.verify(e); err == nil {
					t.Error("it was seen")
				}
				l.healed(e, em.Clean)
			})
		})
	}
}
