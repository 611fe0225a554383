package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// LateRequest holds back a write of a client on its way to the server until another client has changed
// a znode that the write is about, or that the client has read before it in the same operation: the
// znode itself, a sibling, a child, or the parent. So another client acts between the client's read and
// its write, or between its first attempt and its second one. If no client changes anything, the write
// goes on after a share of the session timeout that the client does not notice, and the next one is
// held back.
//
// A network may do that at any time, so it does no harm, and every recipe must tolerate it. At a
// message, it holds back only that write, or loses the reply to it.
type LateRequest struct {
	// Op is the operation: create, delete, setData or multi. AnyOp matches all of these. "" is drawn at injection
	// from those that the client uses.
	Op string
	// Repeated first loses the reply to such a write, with its connection. Then it holds back the next
	// write, with which the client mostly repeats the first. If another client has acted since the
	// loss, that write goes on at once.
	Repeated bool
	// Same waits for a change of such a znode itself, and not of its relatives.
	Same bool
	// Nth is which matching write is the first to be held back, or to lose its reply, counted from 1; 0 means 1.
	Nth int
	Who Who
}

var lateOps = []string{"create", "delete", "setData", "multi", AnyOp}

var _ = declare(kinds.LateRequest, Kind{
	About: "holds back a client's write until another client has changed something that it is about",
	guide: []row{{"`create`, `delete`, `setData`, `multi`, `any`, `repeated=true`, `same=true`, `nth=2`, `who=`*clients*", "a write arrives late, after another client's change of the same znode, a sibling, a child or the parent", "the change by another client during that time", "the write goes on"}},
	words: words{list: lateOps},
	Options: []Option{
		{Key: "repeated", About: "true: the write that follows one whose reply is lost", Example: "true", Check: checkTrue},
		{Key: "same", About: "true: a change of a sibling, a child or the parent is not enough", Example: "true", Check: checkTrue},
		{Key: "nth", About: "which matching write is the first, from 1", Example: "2", Check: checkCount},
		whoOption,
	},
	at: atMessages{
		which: link.Requests, only: lateOps[:len(lateOps)-1], takes: "the write only",
		open: func(f Fault) bool {
			l := f.(LateRequest)
			return l == LateRequest{Repeated: l.Repeated, Same: l.Same}
		},
	},
	build: func(a arguments) Fault {
		return LateRequest{Op: a.word, Repeated: a.options["repeated"] == "true", Same: a.options["same"] == "true", Nth: a.count("nth"), Who: Who(a.options["who"])}
	},
	vary: func(f Fault, n int, rng *rand.Rand) Fault {
		l := f.(LateRequest)
		if l == (LateRequest{}) {
			l.Repeated = rng.IntN(2) == 0
		}
		if l.Who == AnyWho {
			l.Who = drawnWho(n)
		}
		return l
	},
})

func checkTrue(value string) error {
	if value != "true" {
		return fmt.Errorf("%q is not true", value)
	}
	return nil
}

// Kind returns "late-request".
func (LateRequest) Kind() string { return kinds.LateRequest.Name }

// Spec returns late-request, with the operation and whatever else was given.
func (f LateRequest) Spec() string {
	s := spec(kinds.LateRequest, f.Op)
	if f.Repeated {
		s = withOption(s, "repeated", "true")
	}
	if f.Same {
		s = withOption(s, "same", "true")
	}
	return withOption(withCount(s, "nth", f.Nth), "who", string(f.Who))
}

// Available returns nil: every client has a link.
func (LateRequest) Available(Setting) error { return nil }

// lateShare bounds how long a write is held back: the session timeout divided by it. A client gives up
// a silent server after two thirds of the timeout, of which up to one third may have passed since the
// last answer.
const lateShare = 4

// Inject starts waiting for a write.
func (f LateRequest) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	e := &lateRequest{fault: f, target: t, waiting: map[int]*heldWrite{}, first: make(chan struct{}), stop: make(chan struct{})}
	for _, c := range t.Clients {
		e.undo = append(e.undo, c.Link.OnWritten(e.hears))
	}
	share := time.Duration(lateShare + rng.IntN(2*lateShare))
	if t.At != nil {
		f.Who, e.fault.Op, share = TheClient(t.At.Point().Client), t.At.Point().Message, lateShare
		e.once = true
	}
	arm := func(c Client) (func(), error) {
		if e.fault.Op == "" {
			e.fault.Op = drawnWrite(c.Link.Requests(), rng)
		}
		s, _ := c.Link.Session()
		return e.disarm, e.arm(c, s.Timeout/share)
	}
	all, err := choice{who: f.Who, early: true}.hit(ctx, t, rng, arm)
	if err != nil {
		return nil, errors.Join(err, e.Heal(ctx))
	}
	e.victims = all
	return e, nil
}

// drawnWrite draws one of the writes that a client has used so far.
func drawnWrite(used map[wire.Op]int, rng *rand.Rand) string {
	var ops []string
	for _, op := range lateOps {
		for is, n := range used {
			if n > 0 && is.Kind().String() == op {
				ops = append(ops, op)
				break
			}
		}
	}
	if len(ops) == 0 {
		return AnyOp
	}
	return ops[rng.IntN(len(ops))]
}

// lateRequest is the effect: a rule on the link of each victim, and a listener on the links of all clients.
type lateRequest struct {
	fault   LateRequest
	target  *Target
	victims victims
	once    bool // it holds back one write at most
	running sync.WaitGroup
	losses  []*link.Loss
	undo    []func()

	some  sync.Once
	first chan struct{} // closed when another client has changed something meanwhile
	over  sync.Once
	stop  chan struct{} // closed by disarm

	mu       sync.Mutex
	since    []link.Written     // by all clients, since a reply was lost; nil before
	waiting  map[int]*heldWrite // by client
	happened []string           // for people
}

// heldWrite is a client's write that is held back.
type heldWrite struct {
	*link.LateWrite
	changed chan link.Written // gets the change that it waits for
}

// arm begins to hold back a client's writes.
func (e *lateRequest) arm(c Client, most time.Duration) error {
	var op wire.Op
	if e.fault.Op != AnyOp {
		var err error
		if op, err = wire.ParseOp(e.fault.Op); err != nil {
			return err
		}
	}
	if !e.fault.Repeated {
		writes, err := c.Link.DelayWrites(link.LateRule{Op: op, Nth: e.fault.Nth})
		if err == nil {
			e.running.Go(func() { e.hold(c, writes, most) })
		}
		return err
	}
	loss, err := c.Link.Lose(link.Rule{What: link.Reply, Op: op, Nth: e.fault.Nth})
	if err != nil {
		return err
	}
	e.losses, e.undo = append(e.losses, loss), append(e.undo, loss.Cancel)
	e.running.Go(func() {
		select {
		case <-loss.First():
		case <-e.stop:
			return
		}
		e.mu.Lock()
		e.since = []link.Written{}
		e.mu.Unlock()
		if writes, err := c.Link.DelayWrites(link.LateRule{}); err == nil {
			e.hold(c, writes, most)
		}
	})
	return nil
}

// hold holds writes back, one after the other, until another client has acted during one.
func (e *lateRequest) hold(c Client, writes *link.LateWrites, most time.Duration) {
	defer writes.Cancel()
	for {
		select {
		case w := <-writes.Reached():
			if e.holds(c, w, most) || e.once {
				return
			}
		case <-e.stop:
			return
		}
	}
}

// holds holds one write back, and reports whether another client has acted meanwhile.
func (e *lateRequest) holds(c Client, w *link.LateWrite, most time.Duration) bool {
	defer w.Resume()
	began, held := e.target.Now(), &heldWrite{w, make(chan link.Written, 1)}
	e.mu.Lock()
	e.waiting[c.ID] = held
	for _, x := range e.since {
		e.tell(c.ID, held, x)
	}
	before := len(held.changed) > 0
	e.mu.Unlock()
	bound := time.NewTimer(most)
	defer bound.Stop()
	acted := false
	var x link.Written
	select {
	case x, acted = <-held.changed:
	case <-bound.C:
	case <-e.stop:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, c.ID)
	if !acted {
		return false
	}
	when := "was held back for " + (e.target.Now() - began).Round(time.Microsecond).String() + ", until"
	if before {
		when = "came after"
	}
	e.happened = append(e.happened, fmt.Sprintf("client %d: its %s of %s %s client %d had done its %s of %s",
		c.ID, w.Op, prose.List(w.Paths, "and"), when, x.Client, x.Op, prose.List(x.Paths, "and")))
	e.some.Do(func() { close(e.first) })
	return true
}

// mostSince bounds the writes that are remembered.
const mostSince = 100

// hears is called for each write of any client.
func (e *lateRequest) hears(x link.Written) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.since != nil && len(e.since) < mostSince {
		e.since = append(e.since, x)
	}
	for client, held := range e.waiting {
		e.tell(client, held, x)
	}
}

// tell handles a write of another client for a held write, if it concerns that one. Call it with mu
// held.
func (e *lateRequest) tell(client int, held *heldWrite, x link.Written) {
	concerns := func(p string) bool {
		return held.Names(p) || !e.fault.Same && held.Touches(p, e.target.Root)
	}
	if x.Client == client || !slices.ContainsFunc(x.Paths, concerns) {
		return
	}
	select {
	case held.changed <- x:
	default: // it has one already
	}
}

// Ended returns a channel that is closed when another client has acted while a write was held back.
func (e *lateRequest) Ended() <-chan struct{} { return e.first }

// Describe returns the step with details of which write was held back, and until when.
func (e *lateRequest) Describe() history.FaultStep {
	step := e.victims.step(e.fault.Spec())
	var details []string
	for i, loss := range e.losses {
		for _, lost := range loss.Lost() {
			client := e.victims[min(i, len(e.victims)-1)].client.ID
			details = append(details, fmt.Sprintf("client %d: lost the reply to %s %s", client, lost.Op, lost.Path))
			step.Lost = append(step.Lost, lostMessage(client, link.Reply, lost))
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	step.Detail = strings.Join(append(details, e.happened...), "; ")
	return step
}

// Verify waits until another client has acted while a write was held back.
func (e *lateRequest) Verify(ctx context.Context) error {
	late := time.NewTimer(e.target.Lasts)
	defer late.Stop()
	select {
	case <-e.first:
		return nil
	case <-late.C:
		return fmt.Errorf("no other client changed anything that a write was about within %s: %w", e.target.Lasts, ErrNoTarget)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// disarm lets all messages through.
func (e *lateRequest) disarm() {
	e.over.Do(func() { close(e.stop) })
	e.running.Wait()
	for _, undo := range e.undo {
		undo()
	}
}

// Heal lets all messages through again.
func (e *lateRequest) Heal(context.Context) error {
	e.victims.undo()
	e.disarm()
	return nil
}
