package faults_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
)

// changeable are servers that carry out reconfig, and can be downgraded.
func changeable(nodes, observers int) embedded.Config {
	c := reconfigurable(nodes, observers)
	c.UpgradeTo = embedded.V3_8
	return c
}

// versions returns what each server tells, by its number.
func (l *lab) versions() map[int]string {
	l.t.Helper()
	told := map[int]string{}
	for _, s := range l.ensemble.Servers() {
		status, err := s.Status(l.t.Context())
		if err != nil {
			l.t.Fatal(err)
		}
		told[s.ID()] = status.Version
	}
	return told
}

// allAre checks that all servers tell one version.
func (l *lab) allAre(version string) {
	l.t.Helper()
	for id, told := range l.versions() {
		if told != version {
			l.t.Errorf("server %d is %s, want %s", id, told, version)
		}
	}
}

// An upgrade gives each server its turn when all serve, the leader last, keeps what was written before and
// meanwhile, and tells the versions.
func TestUpgrade(t *testing.T) {
	for _, tt := range []struct {
		nodes, observers int
		to               string
		from, as         string
	}{
		{1, 0, embedded.V3_9, "3.8.0", "3.9.3"},
		{3, 0, embedded.V3_9, "3.8.0", "3.9.3"},
		{3, 0, embedded.V3_8, "3.9.3", "3.8.0"},
		{5, 1, embedded.V3_9, "3.8.0", "3.9.3"},
	} {
		t.Run(fmt.Sprint(tt.nodes, "+", tt.observers, " to ", tt.to), func(t *testing.T) {
			onServers(t, embedded.Config{Nodes: tt.nodes, Observers: tt.observers, UpgradeTo: tt.to}, func(l *lab, em *embedded.Ensemble) {
				all := tt.nodes + tt.observers
				var stopped []string
				h := &hooked{Ensemble: em, hook: func(what string) error {
					if !strings.HasPrefix(what, "stop") {
						return nil
					}
					stopped = append(stopped, what)
					if up, _ := l.serving(); len(up) < all {
						t.Errorf("%s while only %v serve", what, up)
					}
					l.create(fmt.Sprint(l.folder(), "/before-", what), 0)
					return nil
				}}
				l.target.Ensemble = h
				l.allAre(tt.from)
				if v := em.Profile().Version; v != tt.from {
					t.Errorf("the profile says %s", v)
				}
				_, leader := l.serving()
				e := l.seen(faults.Upgrade{})
				if detail := e.Describe().Detail; detail != fmt.Sprintf("server %s came back as %s; it was %s", strings.TrimPrefix(stopped[0], "stop "), tt.as, tt.from) {
					t.Error(detail)
				}
				<-e.(faults.Ending).Ended()
				if len(stopped) != all || stopped[all-1] != fmt.Sprint("stop ", leader) {
					t.Errorf("%v, %d led", stopped, leader)
				}
				l.healed(e, em.Clean)
				if len(stopped) != all {
					t.Errorf("healing gave more turns: %v", stopped)
				}
				l.allAre(tt.as)
				if detail := e.Describe().Detail; all > 1 && !strings.HasSuffix(detail, fmt.Sprintf("came back as %s in turn; they were %s", tt.as, tt.from)) {
					t.Error(detail)
				}
				if got := l.children(); len(got) != all {
					t.Errorf("%v are left of what was created before each turn", got)
				}
				if err := e.Verify(t.Context()); err == nil {
					t.Error("it is seen although it is healed")
				}
				if _, err := l.inject(faults.Upgrade{}); !errors.Is(err, faults.ErrNoTarget) || !strings.Contains(err.Error(), "upgraded already") {
					t.Errorf("upgraded twice: %v", err)
				}
			})
		})
	}
}

// An upgrade that is healed before its end is completed.
func TestUpgradeCutShort(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second} {
		onServers(t, embedded.Config{Nodes: 5, UpgradeTo: embedded.V3_9}, func(l *lab, em *embedded.Ensemble) {
			e := l.seen(faults.Upgrade{})
			time.Sleep(after)
			if told := l.versions(); len(slices.DeleteFunc(l.ids(), func(id int) bool { return told[id] == "3.9.3" })) == 0 {
				t.Error("nothing was left to do")
			}
			l.healed(e, em.Clean)
			l.allAre("3.9.3")
			if detail := e.Describe().Detail; !strings.Contains(detail, "came back as 3.9.3 in turn") {
				t.Error(detail)
			}
		})
	}
}

// unchanging is an ensemble whose servers come back as what they were.
type unchanging struct{ *embedded.Ensemble }

type unchangingServer struct{ *embedded.Server }

func (e unchanging) Servers() (all []ensemble.Server) {
	for _, s := range e.Ensemble.Servers() {
		all = append(all, unchangingServer{s.(*embedded.Server)})
	}
	return all
}

func (unchangingServer) SetUpgraded(context.Context, bool) error { return nil }

// A server that comes back as the version that it had is not upgraded, and no other one has a turn.
func TestUpgradeWithoutEffect(t *testing.T) {
	onServers(t, embedded.Config{UpgradeTo: embedded.V3_9}, func(l *lab, em *embedded.Ensemble) {
		l.target.Ensemble = unchanging{em}
		e := l.injected(faults.Upgrade{})
		if err := l.verify(e); err == nil || !strings.Contains(err.Error(), "came back as 3.8.0, the version that it had") {
			t.Errorf("%v, want that it has the same version", err)
		}
		l.healed(e, em.Clean)
		l.allAre("3.8.0")
	})
}

// The first server goes back to its version if it is not seen to come back.
func TestUpgradeTakenBack(t *testing.T) {
	onServers(t, embedded.Config{UpgradeTo: embedded.V3_9}, func(l *lab, em *embedded.Ensemble) {
		e := l.injected(faults.Upgrade{})
		first := em.Server(e.Describe().Servers[0])
		for _, s := range em.Servers() {
			if down, _ := s.(ensemble.Killer).Down(t.Context()); down {
				first = s.(*embedded.Server)
			}
		}
		must.Do(t, errors.Join(first.SetUpgraded(t.Context(), true), first.Start(t.Context())))
		if err := l.verify(e); err == nil { // it is not down
			t.Error("it is seen although it has not begun")
		}
		l.healed(e, em.Clean)
		l.allAre("3.8.0")
	})
}

// An upgrade needs servers that all serve: none is taken down beside one that is away.
func TestUpgradeNeedsAllServers(t *testing.T) {
	onServers(t, embedded.Config{UpgradeTo: embedded.V3_9}, func(l *lab, em *embedded.Ensemble) {
		for _, spec := range []string{"pause:one", "partition"} {
			other := l.seen(parsed(t, spec))
			if _, err := l.inject(faults.Upgrade{}); !errors.Is(err, faults.ErrNoTarget) {
				t.Errorf("beside %s: %v", spec, err)
			}
			l.healed(other, em.Clean)
			l.allServe("after " + spec)
		}
		must.Do(t, em.Server(2).Kill(t.Context()))
		if _, err := l.inject(faults.Upgrade{}); !errors.Is(err, faults.ErrNoTarget) || !strings.Contains(err.Error(), "server 2 does not tell its version") {
			t.Errorf("beside a server that is down: %v", err)
		}
		must.Do(t, em.Server(2).Start(t.Context()))
		l.whole(em.Clean)
	})
}

// Without a second version there is no upgrade, and the reason says in a line how to name one.
func TestUpgradeNeedsAVersion(t *testing.T) {
	e, err := embedded.Config{}.Sketch()
	if err != nil {
		t.Fatal(err)
	}
	err = faults.Upgrade{}.Available(faults.Setting{Ensemble: e})
	if err == nil || !strings.Contains(err.Error(), "--upgrade-to 3.9") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if _, err := (embedded.Config{UpgradeTo: "3.7"}).Sketch(); !errors.Is(err, embedded.ErrConfig) || !strings.Contains(err.Error(), "imitate 3.8 and 3.9") {
		t.Errorf("%v", err)
	}
}
