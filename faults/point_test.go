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
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// messageAt is a point of client 0's first operation, which is called work.
func messageAt(t testing.TB, message string) link.Point {
	t.Helper()
	return must.Get(link.ParsePoint("client0/work#1/" + message))(t)
}

// maker is client 0 at work: it makes a, b and c, one after the other, whatever happens.
type maker struct {
	answers map[string]error
	done    chan struct{}
}

func (l *lab) makes() *maker {
	m := &maker{answers: map[string]error{}, done: make(chan struct{})}
	c := l.clients[0]
	c.link.Operation("work")
	go func() {
		defer close(m.done)
		for _, name := range []string{"a", "b", "c"} {
			_, m.answers[name] = c.Create(l.folder()+"/"+name, nil, 0, open)
		}
	}()
	return m
}

// at injects a fault when a message comes, and lets the message go on.
func (l *lab) at(f faults.Fault, b *link.Breakpoint) (faults.Effect, error) {
	l.t.Helper()
	defer b.Clear()
	select {
	case stopped := <-b.Reached():
		defer stopped.Resume()
		target := l.target.For(l.target.Lasts)
		target.At = stopped
		ctx, cancel := context.WithTimeout(l.t.Context(), patience)
		defer cancel()
		return faults.AtMessage(f, target).Inject(ctx, target, newRand(1))
	case <-time.After(patience):
		l.t.Fatal("the message never came")
	}
	return nil, nil
}

// What a fault at the second of three creates comes to: which of a, b and c are there when
// it was verified, and what the client was told of b.
type comes struct {
	kinds   string
	message string
	there   string // "" is any
	told    string // ok, error, nothing yet, or "" for any
}

var whatComes = []comes{
	{"lose-request cut reset refuse expire crash", "create#2", "a", "error"},
	{"kill restart empty-disk unsynced", "create#2", "a", "error"},
	{"pause freeze", "create#2", "a", ""},
	{"reconfig wall-clock", "create#2", "", ""}, // the server goes on, and creates it, unless it led
	{"lose-reply cut reset refuse expire crash", "create#2/reply", "a b", "error"},
	{"kill restart pause empty-disk unsynced wall-clock reconfig", "create#2/reply", "a b", "ok"},
	{"freeze", "create#2/reply", "a b", ""},
	{"cut refuse expire crash", "create#2/after", "a b", "error"},
	{"cut reset refuse expire crash kill restart pause freeze empty-disk unsynced wall-clock reconfig", "create#2/reply/after", "a b", "ok"},
}

// Each fault at a message takes effect exactly there: what came before has happened, what
// the message asks for has not, and Verify sees it.
func TestEachFaultAtAMessage(t *testing.T) {
	for _, want := range whatComes {
		for kind := range strings.FieldsSeq(want.kinds) {
			t.Run(kind+"@"+want.message, func(t *testing.T) {
				inBubbleOf(t, reconfigurable(3, 0), 2, func(l *lab) { strikesAt(l, parsed(t, kind), want) })
			})
		}
	}
}

func strikesAt(l *lab, f faults.Fault, want comes) {
	t := l.t
	hosted(l)
	p := messageAt(t, want.message)
	must.Get(faults.PointOf(f, p))(t)
	session, _ := l.clients[0].link.Session()
	b := l.clients[0].link.Break(p)
	m := l.makes()
	e := must.Get(l.at(f, b))(t)
	l.effects = append(l.effects, e)
	if err := l.verify(e); err != nil {
		t.Errorf("verify: %v", err)
	}
	step := e.Describe()
	if len(step.Servers) > 0 {
		if got := l.ensemble.Servers()[step.Servers[0]-1].Addr(); len(step.Servers) != 1 || got != session.Server {
			t.Errorf("it hit servers %v, and the client was on %s", step.Servers, session.Server)
		}
	} else if !slices.Equal(step.Clients, []int{0}) {
		t.Errorf("it hit clients %v", step.Clients)
	}
	if got := l.made(); want.there != "" && !strings.HasPrefix(got, want.there) || strings.Contains(got, "b") && want.there == "a" {
		t.Errorf("made by then: %s, not %s", got, want.there)
	}
	l.heal(e)
	l.allServe("after it")
	<-m.done
	told := "ok"
	if m.answers["b"] != nil {
		told = "error"
	}
	if m.answers["a"] != nil || want.told != "" && told != want.told {
		t.Errorf("the client was told of a: %v, of b: %v", m.answers["a"], m.answers["b"])
	}
}

// made lists what is in the folder, once a server can tell.
func (l *lab) made() string {
	var names []string
	l.awaits("somebody tells", func() bool {
		_, err := l.target.Admin.Sync(l.folder())
		if err == nil {
			names, _, err = l.target.Admin.Children(l.folder())
		}
		return err == nil
	})
	slices.Sort(names)
	return strings.Join(names, " ")
}

// All kinds that can be injected at messages are in the table.
func TestAllKindsAtMessages(t *testing.T) {
	for _, k := range faults.AtMessages() {
		if k.Name != "late-request" && k.Messages()&(link.Requests|link.Replies) != 0 && !slices.ContainsFunc(whatComes, func(c comes) bool { return slices.Contains(strings.Fields(c.kinds), k.Name) }) {
			t.Errorf("%s at a message has no test", k.Name)
		}
	}
}

// That very write is held back until another client has changed its znode, and the ones after it are not.
func TestLateRequestAtAMessage(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		b := l.clients[0].link.Break(messageAt(t, "create#2"))
		m := l.makes()
		l.target.Lasts = time.Second
		e := must.Get(l.at(faults.LateRequest{Same: true}, b))(t)
		l.effects = append(l.effects, e)
		if l.create(l.folder()+"/beside", 0); l.made() != "a beside" {
			t.Errorf("made by then: %s", l.made())
		}
		must.Get(l.clients[1].Create(l.folder()+"/b", nil, 0, open))(t)
		if err := l.verify(e); err != nil {
			t.Error(err)
		}
		<-m.done
		if m.answers["a"] != nil || !errors.Is(m.answers["b"], zk.ErrNodeExists) || m.answers["c"] != nil {
			t.Errorf("%v", m.answers)
		}
		l.heal(e)
	})
}

// The reply to that very write is lost, and the one that follows is held back.
func TestLateRequestRepeatedAtAMessage(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		b := l.clients[0].link.Break(messageAt(t, "create#2"))
		m := l.makes()
		l.target.Lasts = time.Second
		e := must.Get(l.at(faults.LateRequest{Repeated: true}, b))(t)
		l.effects = append(l.effects, e)
		l.awaits("the third create", func() bool { return l.clients[0].link.Requests()[wire.Create] == 3 })
		if got := l.made(); got != "a b" {
			t.Errorf("made by then: %s", got)
		}
		must.Get(l.clients[1].Create(l.folder()+"/d", nil, 0, open))(t)
		if err := l.verify(e); err != nil {
			t.Error(err)
		}
		<-m.done
		if m.answers["a"] != nil || m.answers["b"] == nil || m.answers["c"] != nil {
			t.Errorf("%v", m.answers)
		}
		l.heal(e)
	})
}

// That very event is late, by a time or behind replies, and others are not.
func TestLateEventAtAMessage(t *testing.T) {
	for spec, want := range map[string]string{"late-event": "3s", "late-event:behind=1": "0s"} {
		inBubble(t, 1, func(l *lab) {
			victim := l.clients[0]
			l.target.Lasts = 3 * time.Second
			b := victim.link.Break(messageAt(t, "event#2"))
			victim.link.Operation("work")
			late := map[string]string{}
			for _, name := range []string{"a", "b", "c"} {
				_, _, events, err := victim.ExistsW(l.folder() + "/" + name)
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				l.create(l.folder()+"/"+name, 0)
				if name == "b" {
					e := must.Get(l.at(parsed(t, spec), b))(t)
					l.effects = append(l.effects, e)
					if err := l.verify(e); err != nil {
						t.Error(err)
					}
					time.AfterFunc(l.target.Lasts, func() { l.heal(e) })
				}
				if !victim.works(l.folder()) {
					t.Error("it hears nothing")
				}
				<-events
				late[name] = time.Since(began).Round(100 * time.Millisecond).String()
			}
			if late["a"] != "0s" || late["b"] != want || late["c"] != "0s" {
				t.Errorf("%s: late by %v", spec, late)
			}
			time.Sleep(l.target.Lasts)
		})
	}
}

// A client is hit while it connects, and gets there in the end.
func TestFaultsWhileConnecting(t *testing.T) {
	for _, spec := range []string{"cut", "reset", "kill", "restart", "refuse"} {
		for _, message := range []string{"connect#1", "connect#1/after", "connect#1/reply", "connect#1/reply/after"} {
			t.Run(spec+"@"+message, func(t *testing.T) {
				inBubble(t, 1, func(l *lab) {
					victim := l.clients[0]
					l.target.Lasts = time.Second
					was := victim.SessionID()
					b := victim.link.Break(messageAt(t, message))
					victim.link.Operation("work")
					victim.link.Cut()
					e := must.Get(l.at(parsed(t, spec), b))(t)
					l.effects = append(l.effects, e)
					if err := l.verify(e); err != nil {
						t.Errorf("verify: %v", err)
					}
					l.heal(e)
					l.awaits("it is back", func() bool { return victim.works(l.folder()) })
					if victim.SessionID() != was {
						t.Error("another session")
					}
				})
			})
		}
	}
}

// The second fault may hit what the client does about the first; of two that lose one
// message the second has no target.
func TestTwoFaultsAtMessages(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		victim := l.clients[0]
		first, second := victim.link.Break(messageAt(t, "create#2/reply")), victim.link.Break(messageAt(t, "create#2/reply"))
		then := victim.link.Break(messageAt(t, "connect#1/reply"))
		m := l.makes()
		e := must.Get(l.at(faults.LoseReply{}, first))(t)
		if _, err := l.at(faults.LoseReply{}, second); !errors.Is(err, faults.ErrNoTarget) {
			t.Errorf("lost twice: %v", err)
		}
		again := must.Get(l.at(faults.Cut{}, then))(t)
		for _, e := range []faults.Effect{e, again} {
			if err := l.verify(e); err != nil {
				t.Error(err)
			}
			l.heal(e)
		}
		<-m.done
		if !errors.Is(m.answers["b"], zk.ErrConnectionClosed) || strings.Join(l.children(), " ") != "a b" && strings.Join(l.children(), " ") != "a b c" {
			t.Errorf("%v, made %v", m.answers, l.children())
		}
		if d := e.Describe().Detail; !strings.Contains(d, "lost the reply to create") || !strings.Contains(d, "/b, whose write is in the tree") {
			t.Error(d)
		}
	})
}

// Whom a fault hits may be said; what is left open follows from the message.
func TestFaultsAtMessagesOfOthers(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		b := l.clients[0].link.Break(messageAt(t, "create#1"))
		m := l.makes()
		e := must.Get(l.at(faults.Cut{Who: faults.TheClient(1)}, b))(t)
		if got := e.Describe().Clients; !slices.Equal(got, []int{1}) {
			t.Errorf("it hit %v", got)
		}
		l.heal(e)
		<-m.done
		if m.answers["a"] != nil {
			t.Error(m.answers["a"])
		}
	})
}

// What cannot be injected at a message is said in a line, with the way out.
func TestPointOf(t *testing.T) {
	for text, want := range map[string]string{
		"lose-reply create#1":                 "client0/work#1/create#1/reply",
		"lose-reply create#1/reply":           "client0/work#1/create#1/reply",
		"lose-request create#1":               "client0/work#1/create#1",
		"expire:holder event#1":               "client0/work#1/event#1",
		"kill:leader create#1/reply/after":    "client0/work#1/create#1/reply/after",
		"late-event:behind=2 event#1":         "client0/work#1/event#1",
		"lose-request create#1/reply":         "error: lose-request is injected at requests, and client0/work#1/create#1/reply is one of the replies",
		"lose-reply event#1":                  "error: lose-reply is injected at replies",
		"lose-reply create#1/reply/after":     "error: lose-reply is over when the message goes on",
		"lose-reply:create create#1":          "error: lose-reply at a message takes the message only: write lose-reply@client0/work#1/create#1/reply",
		"late-request:same=true create#1":     "client0/work#1/create#1",
		"late-request getData#1":              "error: late-request is injected at create, delete, setData and multi, and getData is none of these",
		"late-request:create create#1":        "error: late-request at a message takes the write only: write late-request@client0/work#1/create#1",
		"late-event:holder event#1":           "error: late-event at a message takes the client, and how late the event is",
		"expire connect#1":                    "error: expire is injected at requests, replies, events, and client0/work#1/connect#1 is one of the connects",
		"partition create#1":                  "error: partition is not injected at a message, but at a time; at messages are pause, kill, restart, empty-disk, unsynced, wall-clock, reconfig,",
		"full-disk create#1":                  "error: full-disk is not injected at a message",
		"lose-request:create:times=2 sync#1":  "error: lose-request at a message takes",
		"lose-request:create:who=all event#1": "error: lose-request is injected at requests",
	} {
		spec, message, _ := strings.Cut(text, " ")
		got, err := faults.PointOf(parsed(t, spec), messageAt(t, message))
		told := got.String()
		if err != nil {
			told = "error: " + err.Error()
		}
		if !strings.HasPrefix(told, want) || strings.Contains(told, "\n") {
			t.Errorf("%s: %s", text, told)
		}
	}
	if _, err := faults.PointOf(another{faults.Cut{}}, messageAt(t, "create#1")); err == nil {
		t.Error("a fault of somebody else is injected at a message")
	}
}

// another embeds one of ours.
type another struct{ faults.Cut }
