package faults_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Clients that are cut off from a server hang, give it up, and connect to another, while the server
// continues to serve; a client that is cut off from all servers loses its session.
func TestCutOff(t *testing.T) {
	for _, tt := range []struct {
		spec    string
		servers int
		clients int // clients that were connected to the server
		expires bool
	}{
		{"cut-off", 1, 1, false},
		{"cut-off:server-2", 1, 1, false},
		{"cut-off:client-0", 1, 1, false},
		{"cut-off:majority", 2, 2, false},
		{"cut-off:all", 3, 3, true},
		{"cut-off:who=holder", 3, 1, true},
		{"cut-off:who=client-2", 3, 1, true},
		{"cut-off:one:who=all", 1, 1, false},
	} {
		t.Run(tt.spec, func(t *testing.T) {
			onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
				l.contend(1, 0, 2)
				e := l.seen(parsed(t, tt.spec))
				step := e.Describe()
				if len(step.Servers) != tt.servers || len(step.Clients) != tt.clients {
					t.Errorf("servers %v, clients %v", step.Servers, step.Clients)
				}
				if tt.spec == "cut-off:who=holder" && !slices.Equal(step.Clients, []int{1}) {
					t.Errorf("clients %v: client 1 holds", step.Clients)
				}
				l.allServe("while clients are cut off")
				var writing sync.WaitGroup
				for _, id := range step.Clients {
					writing.Go(func() {
						began := time.Now()
						_, err := l.clients[id].Set(l.folder(), nil, -1)
						if took := time.Since(began); err == nil || took < time.Second {
							t.Errorf("client %d wrote within %v: %v", id, took, err)
						}
					})
				}
				writing.Wait()
				time.Sleep(2 * labTimeout)
				for _, id := range step.Clients {
					if works := l.clients[id].works(l.folder()); works == tt.expires {
						t.Errorf("client %d works: %v, on server %d", id, works, l.on(id))
					}
					if on := l.on(id); slices.Contains(step.Servers, on) {
						t.Errorf("client %d is on server %d still", id, on)
					}
				}
				l.healed(e, em.Clean)
				for _, c := range l.clients {
					l.awaits("the client works", func() bool { return c.works(l.folder()) })
					if err := c.link.Clean(); err != nil {
						t.Error(err)
					}
					if expired := c.saw(zk.StateExpired) > 0; expired != (tt.expires && slices.Contains(step.Clients, c.id)) {
						t.Errorf("client %d expired: %v", c.id, expired)
					}
				}
				if err := l.verify(e); err == nil || !strings.Contains(err.Error(), "still reaches") {
					t.Errorf("it is seen although it is healed: %v", err)
				}
			})
		})
	}
}

// The fault warns of a cut that is too short for a client to notice.
func TestCutOffTooShort(t *testing.T) {
	e := must.Get(embedded.Config{}.Sketch())(t)
	defer e.Close()
	f := faults.CutOff{}
	if f.Warn(e.Profile(), 100*time.Millisecond) == "" || f.Warn(e.Profile(), 2*time.Second) != "" {
		t.Error(f.Warn(e.Profile(), 2*time.Second))
	}
}
