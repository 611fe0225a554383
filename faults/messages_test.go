package faults_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// A lost reply never arrives, but its write is in the tree; a lost request never takes effect.
func TestLose(t *testing.T) {
	t.Run("reply", func(t *testing.T) {
		inBubble(t, 2, func(l *lab) { loses(l, faults.LoseReply{Op: "create", Who: faults.TheClient(0)}, 1) })
	})
	t.Run("request", func(t *testing.T) {
		inBubble(t, 2, func(l *lab) { loses(l, faults.LoseRequest{Op: "create", Who: faults.TheClient(0)}, 0) })
	})
}

func loses(l *lab, f faults.Fault, there int) {
	t := l.t
	victim := l.clients[0]
	was := victim.SessionID()
	e := l.injected(f)
	if !victim.works(l.folder()) || len(l.children()) > 0 {
		t.Fatal("a read was lost, too, or something was made")
	}
	time.AfterFunc(time.Second, func() { l.clients[1].Create(l.folder()+"/other", nil, 0, open) })
	answer := make(chan error, 1)
	time.AfterFunc(2*time.Second, func() {
		_, err := victim.Create(l.folder()+"/mine-", nil, zk.FlagSequence, open)
		answer <- err
	})
	must.Do(t, l.verify(e))
	if err := <-answer; !errors.Is(err, zk.ErrConnectionClosed) {
		t.Errorf("the client got %v", err)
	}
	if got := l.children(); containing(got, "mine-") != there || containing(got, "other") != 1 {
		t.Errorf("children %v", got)
	}
	detail := e.Describe().Detail
	if !strings.Contains(detail, l.folder()+"/mine-") || strings.Contains(detail, "in the tree") != (there == 1) {
		t.Errorf("it tells: %s", detail)
	}
	if lost := e.Describe().Lost; len(lost) != 1 || lost[0].Path != l.folder()+"/mine-" || int64(lost[0].Session) != was || lost[0].At < 2*time.Second {
		t.Errorf("it took %+v", lost)
	}
	select {
	case <-e.(faults.Ending).Ended():
	case <-time.After(time.Second):
		t.Error("it does not end")
	}
	if _, err := victim.Create(l.folder()+"/again", nil, 0, open); err != nil && !errors.Is(err, zk.ErrNoServer) {
		t.Errorf("the next: %v", err)
	}
	l.heal(e)
	if victim.SessionID() != was {
		t.Error("another session")
	}
}

// Of several messages the nth is lost, and as many as the fault says, about the znode that it names.
func TestLoseWhich(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		victim := l.clients[0]
		insist := func(path string) (lost bool) {
			for {
				_, err := victim.Create(path, nil, 0, open)
				if err == nil || errors.Is(err, zk.ErrNodeExists) {
					return lost
				}
				lost = lost || errors.Is(err, zk.ErrConnectionClosed)
				time.Sleep(time.Millisecond)
			}
		}
		e := l.injected(faults.LoseRequest{Op: "create", Nth: 2, Times: 2, Path: "k1/x", Who: faults.Anyone})
		got := []bool{insist(l.folder() + "/y"), insist(l.folder() + "/x"), insist(l.folder() + "/z"), insist(l.folder() + "/x/1"), insist(l.folder() + "/x/2")}
		if !slices.Equal(got, []bool{false, false, false, true, false}) {
			t.Errorf("lost: %v", got)
		}
		if n := strings.Count(e.Describe().Detail, "lost the request of create "+l.folder()+"/x/1"); n != 2 {
			t.Errorf("it tells: %s", e.Describe().Detail)
		}
		if err := l.verify(e); err != nil {
			t.Error(err)
		}
		l.heal(e)
		if spec := e.Describe().Spec; spec != "lose-request:create:nth=2:times=2:path=k1/x:who=any" {
			t.Error(spec)
		}
	})
}

// Each message is lost while the fault lasts, and none after it.
func TestLoseEach(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		e := l.injected(faults.LoseReply{Op: "setData", Times: -1, Who: faults.Anyone})
		for range 5 {
			if _, err := l.clients[0].Set(l.folder(), nil, -1); err == nil {
				t.Error("a reply came")
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := l.verify(e); err != nil {
			t.Error(err)
		}
		select {
		case <-e.(faults.Ending).Ended():
			t.Error("it ended by itself")
		default:
		}
		_, stat, _ := l.target.Admin.Get(l.folder())
		if stat.Version < 1 {
			t.Errorf("version %d", stat.Version)
		}
		l.heal(e)
		l.awaits("replies come again", func() bool { _, err := l.clients[0].Set(l.folder(), nil, -1); return err == nil })
	})
}

// If the message never comes, there was no target, and nothing stays armed.
func TestLoseWithoutMessage(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		e := l.injected(faults.LoseReply{Op: "setData", Who: faults.Anyone})
		began := time.Now()
		if err := l.verify(e); !errors.Is(err, faults.ErrNoTarget) || time.Since(began) != l.target.Lasts {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		l.heal(e)
		e = l.injected(faults.LoseReply{Op: "setData", Who: faults.Anyone})
		ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
		defer cancel()
		if err := e.Verify(ctx); err == nil {
			t.Error("interrupted, and verified")
		}
		l.heal(e)
		if _, err := l.clients[0].Set(l.folder(), nil, -1); err != nil {
			t.Errorf("after heal: %v", err)
		}
	})
}

// If the operation is left open, it is drawn among those that the client uses, and sometimes several
// messages in a row are lost.
func TestLoseDraws(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		l.clients[0].Children(l.folder())
		l.clients[0].Set(l.folder(), nil, -1)
		drawn := map[string]int{}
		for seed := range uint64(60) {
			e := must.Get(faults.LoseReply{Who: faults.Anyone}.Inject(l.t.Context(), l.target, newRand(seed)))(t)
			drawn[strings.Split(e.Describe().Spec, ":")[1]]++
			if strings.Contains(e.Describe().Spec, ":times=") {
				drawn["in a row"]++
			}
			l.heal(e)
		}
		if drawn["getChildren"] < 10 || drawn["setData"] < 10 || drawn["in a row"] < 5 || drawn["create"]+drawn["delete"] > 0 {
			t.Errorf("%v", drawn)
		}
	})
}

// If the drawn operation does not come any more, the fault takes any message that comes, such as a
// ping.
func TestLoseSettlesForAny(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		l.clients[0].Set(l.folder(), nil, -1)
		e, err := faults.LoseReply{Who: faults.Anyone, Times: 1}.Inject(l.t.Context(), l.target, newRand(1))
		if err != nil || !strings.HasPrefix(e.Describe().Spec, "lose-reply:setData") {
			t.Fatal(e, err)
		}
		if err := l.verify(e); err != nil {
			t.Error(err)
		}
		if got := e.Describe(); !strings.HasPrefix(got.Spec, "lose-reply:any") || !strings.Contains(got.Detail, "ping") {
			t.Errorf("%+v", got)
		}
		select {
		case <-e.(faults.Ending).Ended():
		case <-time.After(time.Second):
			t.Error("it does not end")
		}
		l.heal(e)
	})
}

// A late event comes after later replies.
func TestLateEvent(t *testing.T) {
	inBubble(t, 2, func(l *lab) { lateEvents(l) })
}

func lateEvents(l *lab) {
	t := l.t
	victim := l.clients[0]
	watch := func() <-chan zk.Event {
		_, _, events, err := victim.ChildrenW(l.folder())
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	came := func(events <-chan zk.Event, within time.Duration) bool {
		select {
		case <-events:
			return true
		case <-time.After(within):
			return false
		}
	}
	const moment = 100 * time.Millisecond
	e := l.injected(faults.LateEvent{Behind: 2, Who: faults.TheClient(0)})
	events := watch()
	l.create(l.folder()+"/a", 0)
	must.Do(t, l.verify(e))
	sees := func() {
		l.awaits("it sees the change", func() bool { names, _, err := victim.Children(l.folder()); return err == nil && len(names) == 1 })
	}
	if came(events, moment) {
		t.Error("it came before any reply")
	}
	if sees(); came(events, moment) {
		t.Error("it came behind one reply")
	}
	if sees(); !came(events, patience) {
		t.Error("it did not come behind two replies")
	}
	l.heal(e)
	if d := e.Describe().Detail; !strings.Contains(d, l.folder()) || !strings.Contains(d, "overtaken by 2") {
		t.Errorf("it tells: %s", d)
	}

	e = l.injected(faults.LateEvent{Behind: -1, Who: faults.TheClient(0)})
	events = watch()
	l.create(l.folder()+"/b", 0)
	for range 5 {
		victim.works("/")
	}
	if err := l.verify(e); err != nil || came(events, moment) {
		t.Errorf("it came, or %v", err)
	}
	l.heal(e)
	if !came(events, patience) {
		t.Error("it did not come after heal")
	}
}

// The servers end a session that is silent for long enough, whether it holds something or has nothing
// in the tree; its client is told after the heal.
func TestSilence(t *testing.T) {
	inBubble(t, 3, func(l *lab) { silences(l) })
}

func silences(l *lab) {
	t := l.t
	l.contend(0, 1)
	for _, who := range []faults.Who{faults.Holder, faults.TheClient(2)} {
		e := l.injected(faults.Silence{Who: who})
		victim := l.clients[e.Describe().Clients[0]]
		was, began := victim.SessionID(), time.Now()
		must.Do(t, l.verify(e))
		if took := time.Since(began); took < labTimeout/2 || took > 2*labTimeout {
			t.Errorf("%s: took %s", who, took)
		}
		if victim.saw(zk.StateExpired) > 0 {
			t.Errorf("%s: the client knows", who)
		}
		l.heal(e)
		l.awaits("a new session", func() bool { return victim.works("/") && victim.SessionID() != was })
		if victim.saw(zk.StateExpired) != 1 || !slices.Contains(victim.told(), history.FExpired) {
			t.Errorf("%s: states %v", who, victim.states)
		}
	}
	if got := l.children(); len(got) != 1 {
		t.Errorf("contenders: %v", got)
	}
}

// A silence that is broken has no effect, and reports that.
func TestSilenceThatIsBroken(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		e := l.injected(faults.Silence{Who: faults.Anyone})
		l.heal(e) // the client sends again
		if err := l.verify(e); err == nil || !strings.Contains(err.Error(), "still takes it") {
			t.Errorf("%v", err)
		}
		if l.clients[0].works("/"); l.clients[0].saw(zk.StateExpired) > 0 {
			t.Error("expired")
		}
	})
}

// A held delete passes when another client has changed something beside it, and not before: neither after a
// change of another object, nor after one by the client itself.
func TestLateRequest(t *testing.T) {
	inBubble(t, 3, func(l *lab) { heldBack(l) })
}

func heldBack(l *lab) {
	t := l.t
	victim, other := l.clients[0], l.clients[1]
	must.Get(victim.Create(l.folder()+"/mine", nil, 0, open))(t)
	l.create(l.target.Root+"/k2", 0)
	e := l.injected(faults.LateRequest{Op: "delete", Who: faults.TheClient(0)})
	if _, _, err := victim.Get(l.folder()); err != nil { // reads pass
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() { answer <- victim.Delete(l.folder()+"/mine", -1) }()
	time.Sleep(10 * time.Millisecond)
	must.Get(other.Create(l.target.Root+"/k2/elsewhere", nil, 0, open))(t)
	time.Sleep(10 * time.Millisecond)
	if n := containing(l.children(), "mine"); n != 1 {
		t.Fatal("it was not held back")
	}
	must.Get(other.Create(l.folder()+"/theirs", nil, 0, open))(t)
	must.Do(t, l.verify(e))
	if err := <-answer; err != nil {
		t.Errorf("the client got %v", err)
	}
	l.awaits("the delete goes on", func() bool { return containing(l.children(), "mine") == 0 })
	step := e.Describe()
	if want := "its delete of " + l.folder() + "/mine was held back for "; !strings.Contains(step.Detail, want) || !strings.Contains(step.Detail, ", until client 1 had done its create of "+l.folder()+"/theirs") {
		t.Errorf("it tells: %s", step.Detail)
	}
	l.heal(e)
	if err := victim.Delete(l.folder()+"/theirs", -1); err != nil {
		t.Errorf("after heal: %v", err)
	}
}

// If nobody changes anything, the held write passes early enough for the session to live, and there was no
// target.
func TestLateRequestWithoutChange(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		victim := l.clients[0]
		was := victim.SessionID()
		e := l.injected(faults.LateRequest{Op: "setData", Who: faults.TheClient(0)})
		began := time.Now()
		if _, err := victim.Set(l.folder(), nil, -1); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < l.timeout/12 || took > l.timeout/3 {
			t.Errorf("it took %s", took)
		}
		if err := l.verify(e); !errors.Is(err, faults.ErrNoTarget) {
			t.Error(err)
		}
		l.heal(e)
		if victim.SessionID() != was {
			t.Error("another session")
		}
	})
}

// The repetition of a write whose reply was lost is held back: by then another client has a znode of this name, and
// the delete hits that client's znode.
func TestLateRequestRepeated(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		victim, other, path := l.clients[0], l.clients[1], l.folder()+"/place"
		must.Get(victim.Create(path, []byte("mine"), 0, open))(t)
		e := l.injected(faults.LateRequest{Op: "delete", Repeated: true, Who: faults.TheClient(0)})
		answer := make(chan error, 1)
		go func() {
			for {
				err := victim.Delete(path, -1)
				if !errors.Is(err, zk.ErrConnectionClosed) && !errors.Is(err, zk.ErrNoServer) {
					answer <- err
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		l.awaits("the second delete", func() bool { return victim.link.Requests()[wire.Delete] == 2 })
		must.Get(other.Create(path, []byte("theirs"), 0, open))(t)
		must.Do(t, l.verify(e))
		if err := <-answer; err != nil {
			t.Errorf("the second delete: %v", err)
		}
		if containing(l.children(), "place") != 0 {
			t.Error("the other client's znode is still there")
		}
		if step := e.Describe(); len(step.Lost) != 1 || !strings.Contains(step.Detail, "lost the reply to delete "+path) {
			t.Errorf("it tells: %+v", step)
		}
		l.heal(e)
	})
}
