package faults_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/link"
)

// host acts as the process of a client of the lab, by means of its link: while it is stopped, nothing
// passes; while it is killed, nothing is connected. (Package zklab tests the faults with real
// processes.)
type host struct {
	link *link.Link

	mu      sync.Mutex
	undo    func() // undoes what was done to the link
	frozen  bool
	killed  bool
	immune  bool // the process ignores signals
	thaws   int
	refuses error // the error of Restart
}

var errImmune = errors.New("not permitted")

func (h *host) Freeze() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.frozen || h.immune {
		return nil
	}
	h.frozen, h.undo = true, h.link.Stall(link.Both)
	return nil
}

func (h *host) Thaw() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.frozen {
		h.thaws++
		h.frozen = false
		h.undo()
	}
	return nil
}

func (h *host) Frozen() (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.frozen, nil
}

func (h *host) Kill() error {
	if err := h.Thaw(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.immune {
		return errImmune
	}
	h.killed, h.undo = true, h.link.Hold()
	h.link.Cut()
	return nil
}

func (h *host) Running() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.killed
}

func (h *host) Restart(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.killed && h.refuses == nil {
		h.killed = false
		h.undo()
	}
	return h.refuses
}

// hosted makes the lab's clients act as processes.
func hosted(l *lab) []*host {
	var all []*host
	for i, c := range l.clients {
		h := &host{link: c.link}
		l.target.Clients[i].Process = h
		all = append(all, h)
	}
	return all
}

// A frozen client does nothing until it is thawed.
func TestFreeze(t *testing.T) {
	inBubble(t, 3, func(l *lab) {
		hosts := hosted(l)
		l.contend(0, 1)
		e := l.injected(faults.Freeze{Who: faults.Holder})
		must.Do(t, l.verify(e))
		step := e.Describe()
		if !slices.Equal(step.Clients, []int{0}) || !slices.Equal(step.Holding, []string{faults.Holding}) || step.Sessions[0] != history.ID(l.clients[0].SessionID()) {
			t.Errorf("described as %+v", step)
		}
		if !hosts[0].frozen || hosts[1].frozen || hosts[2].frozen {
			t.Errorf("%+v", hosts)
		}
		l.heal(e)
		l.awaits("it works again", func() bool { return l.clients[0].works("/") })
	})
}

// A stop without an effect is not verified.
func TestFreezeWithoutEffect(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		for _, h := range hosted(l) {
			h.immune = true
		}
		e := l.injected(faults.Freeze{Who: faults.TheClient(1)})
		if err := l.verify(e); err == nil || !strings.Contains(err.Error(), "client 1 is not stopped") {
			t.Errorf("%v", err)
		}
		// This process claims to be stopped, but is not.
		h := l.target.Clients[1].Process.(*host)
		h.frozen, h.undo = true, func() {}
		quit := make(chan struct{})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				select {
				case <-quit:
					return
				case <-time.After(20 * time.Millisecond):
					_, _, _ = l.clients[1].Exists("/")
				}
			}
		}()
		if err := l.verify(e); err == nil || !strings.Contains(err.Error(), "client 1 goes on sending") {
			t.Errorf("%v", err)
		}
		close(quit)
		<-ended
		l.heal(e)
	})
}

// freeze:all freezes all clients, except claimed ones.
func TestFreezeAll(t *testing.T) {
	inBubble(t, 3, func(l *lab) {
		hosts := hosted(l)
		release, _ := l.target.Claims.Take("client 1")
		e := l.injected(faults.Freeze{Who: faults.Everyone})
		if got := e.Describe().Clients; !slices.Equal(got, []int{0, 2}) || hosts[1].frozen {
			t.Errorf("froze %v", got)
		}
		release()
		l.heal(e)
		if hosts[0].thaws != 1 || hosts[2].thaws != 1 {
			t.Errorf("%+v", hosts)
		}
	})
}

// A crashed client's session lives on until it expires; then a new process has a new session.
func TestCrash(t *testing.T) {
	inBubble(t, 3, func(l *lab) {
		hosts := hosted(l)
		l.contend(0, 1)
		was := l.clients[0].SessionID()
		e := l.injected(faults.Crash{Who: faults.Holder})
		must.Do(t, l.verify(e))
		step := e.Describe()
		if !slices.Equal(step.Clients, []int{0}) || step.Holding[0] != faults.Holding || !hosts[0].killed {
			t.Errorf("described as %+v", step)
		}
		if got := l.children(); len(got) != 2 {
			t.Errorf("right after the crash: %v", got)
		}
		time.Sleep(labTimeout + time.Second)
		if got := l.children(); len(got) != 1 {
			t.Errorf("when its session is over: %v", got)
		}
		l.heal(e)
		l.awaits("a new session", func() bool { return l.clients[0].works("/") && l.clients[0].SessionID() != was })
	})
}

// The client is killed after a create that the server has carried out, and does nothing after that.
func TestCrashAfterCreate(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		hosts := hosted(l)
		c := l.clients[0]
		created := make(chan error, 1)
		time.AfterFunc(700*time.Millisecond, func() { // after the first try
			_, err := c.Create(l.folder()+"/c-", nil, zk.FlagEphemeral|zk.FlagSequence, open)
			created <- err
		})
		e := l.injected(faults.Crash{Who: faults.Created})
		must.Do(t, l.verify(e))
		before, _ := c.link.Passed()
		if got := l.children(); len(got) != 1 || !hosts[0].killed {
			t.Errorf("contenders %v, killed %v", got, hosts[0].killed)
		}
		if err := <-created; err == nil {
			t.Error("the client saw the reply")
		}
		time.Sleep(time.Second)
		if after, _ := c.link.Passed(); after != before {
			t.Errorf("%d frames came after it", after-before)
		}
		l.heal(e)
		l.awaits("it works again", func() bool { return c.works("/") })
	})
}

// If no client creates anything, none is killed, and nothing is left.
func TestCrashAfterCreateFindsNobody(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		hosts := hosted(l)
		if _, err := l.inject(faults.Crash{Who: faults.Created}); !errors.Is(err, faults.ErrNoTarget) {
			t.Errorf("%v", err)
		}
		l.clean()
		if hosts[0].killed || hosts[1].killed || !l.clients[0].works("/") || !l.clients[1].works("/") {
			t.Errorf("%+v", hosts)
		}
	})
}

// If no client creates anything and any client will do, some client is killed soon. The fault first waits a while for
// a client that creates something.
func TestCrashAfterCreateOrAnybody(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		hosts := hosted(l)
		began := time.Now()
		e := l.injected(faults.Crash{Who: faults.Created.OrAny()})
		if took := time.Since(began); took > time.Second || hosts[0].killed == hosts[1].killed {
			t.Errorf("after %s: killed %t and %t", took, hosts[0].killed, hosts[1].killed)
		}
		l.heal(e)
		l.awaits("they work again", func() bool { return l.clients[0].works("/") && l.clients[1].works("/") })
	})
	inBubble(t, 1, func(l *lab) {
		hosted(l)
		made := func(after time.Duration) {
			time.AfterFunc(after, func() { _, _ = l.clients[0].Create(l.folder()+"/c-", nil, zk.FlagEphemeral|zk.FlagSequence, open) })
		}
		made(100 * time.Millisecond)
		l.heal(l.injected(faults.Crash{Who: faults.Created.OrAny()}))
		l.awaits("it works again", func() bool { return l.clients[0].works("/") })
		made(1200 * time.Millisecond) // later than the wait for the first create
		began := time.Now()
		l.heal(l.injected(faults.Crash{Who: faults.Created.OrAny()}))
		if took := time.Since(began); took < 1200*time.Millisecond {
			t.Errorf("it did not wait: %s", took)
		}
	})
}

// What a crash did before it failed is undone; a client that cannot be restarted is reported.
func TestCrashThatFails(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		hosts := hosted(l)
		hosts[1].immune = true
		if _, err := l.inject(faults.Crash{Who: faults.Everyone}); !errors.Is(err, errImmune) {
			t.Errorf("%v", err)
		}
		l.clean()
		if hosts[0].killed {
			t.Error("client 0 was left behind")
		}
		hosts[0].refuses = errImmune
		e := l.injected(faults.Crash{Who: faults.TheClient(0)})
		if err := e.Heal(l.t.Context()); !errors.Is(err, errImmune) {
			t.Errorf("heal: %v", err)
		}
		hosts[0].refuses = nil
		l.heal(e)
	})
}

// Clients within this process can be neither frozen nor crashed.
func TestProcessFaultsWantProcesses(t *testing.T) {
	for _, f := range []faults.Fault{faults.Freeze{}, faults.Crash{}, faults.Crash{Who: faults.Created}} {
		if err := f.Available(faults.Setting{Processes: true}); err != nil {
			t.Errorf("%s: %v", f.Spec(), err)
		}
		if err := f.Available(faults.Setting{}); err == nil || !strings.Contains(err.Error(), "--clients-as process") {
			t.Errorf("%s: %v", f.Spec(), err)
		}
	}
	inBubble(t, 1, func(l *lab) {
		l.contend(0)
		for _, f := range []faults.Fault{faults.Freeze{}, faults.Crash{}} {
			if _, err := l.inject(f); err == nil || errors.Is(err, faults.ErrNoTarget) {
				t.Errorf("%s: %v", f.Spec(), err)
			}
			l.clean()
		}
	})
}

// The fault warns of a stop that is too short for any session to expire.
func TestFreezeThatIsTooShort(t *testing.T) {
	for lasts, warned := range map[time.Duration]bool{2 * time.Second: true, labTimeout: true, 5 * time.Second: false} {
		inBubble(t, 1, func(l *lab) {
			hosted(l)
			r := &record{start: time.Now()}
			must.Do(t, plan.Play(l.t.Context(), []plan.Step{{For: lasts, Fault: faults.Freeze{Who: faults.Anyone}}}, l.target, r))
			if got := containing(r.steps, "warning") > 0; got != warned {
				t.Errorf("frozen for %s: %q", lasts, r.steps)
			}
		})
	}
}
