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
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// LoseRequest loses requests on their way to the server, each with its connection: the
// client cannot know that nothing happened. The zero value loses one request, of an
// operation drawn at injection from those that the client uses.
type LoseRequest Message

// LoseReply loses replies on their way to the client, each with its connection: the client
// cannot know what happened. The zero value loses one reply, of an operation drawn at
// injection from those that the client uses.
type LoseReply Message

// Message picks the messages to lose.
type Message struct {
	// Op is the operation: create, delete, setData, getData, getChildren, ... Each variant
	// counts (create2), but not what is within a multi. AnyOp matches all.
	Op string
	// Nth is which matching request is the first to be lost, counted from 1; 0 means 1.
	Nth int
	// Times is how many are lost from the Nth on. 0 means 1; a negative number means every
	// one while the fault lasts.
	Times int
	// Path is a znode with everything below it, or a pattern of path.Match. A path without
	// a leading slash is below Target.Root: k1. "" matches all.
	Path string
	Who  Who
}

// AnyOp, as Message.Op, matches every operation.
const AnyOp = "any"

// lossKind makes the kinds lose-request and lose-reply.
func lossKind(about string, guide row, which link.Messages, build func(Message) Fault, message func(Fault) Message) Kind {
	return Kind{
		About: about,
		guide: []row{guide},
		words: words{
			list:     []string{"create", "delete", "setData", "getData", "getChildren", "exists", "multi", "sync", "ping", "closeSession", AnyOp},
			check:    func(s string) error { _, err := wire.ParseOp(s); return err },
			examples: []string{"getACL"},
		},
		Options: []Option{
			{Key: "nth", About: "which matching message is the first, from 1", Example: "2", Check: checkCount},
			{Key: "times", About: "how many matching messages, or each", Example: "2", Check: checkTimes},
			{Key: "path", About: "a znode, which stands for itself and all znodes below it", Example: "k1", Check: checkPath},
			whoOption,
		},
		at: atMessages{which: which, takes: "the message only", open: func(f Fault) bool { return message(f) == Message{} }},
		build: func(a arguments) Fault {
			m := Message{Op: a.word, Nth: a.count("nth"), Times: a.count("times"), Path: a.options["path"], Who: Who(a.options["who"])}
			if a.options["times"] == eachTime {
				m.Times = -1
			}
			return build(m)
		},
		vary: func(f Fault, n int, _ *rand.Rand) Fault {
			m := message(f)
			if m.Who == AnyWho {
				m.Who = drawnWho(n)
			}
			return build(m)
		},
	}
}

const eachTime = "each"

func checkTimes(value string) error {
	if value == eachTime || checkCount(value) == nil {
		return nil
	}
	return fmt.Errorf("%q is neither a number from 1 nor %s", value, eachTime)
}

func checkPath(value string) error {
	if value == "" || value != "/" && strings.HasSuffix(value, "/") || strings.Contains(value, "//") {
		return fmt.Errorf("%q is not the path of a znode", value)
	}
	return nil
}

var _ = declare(kinds.LoseRequest, lossKind(
	"loses requests of clients, and closes their connections",
	row{"*operation*", "a request never reaches the server", "the loss", "no more messages are lost"}, link.Requests,
	func(m Message) Fault { return LoseRequest(m) }, func(f Fault) Message { return Message(f.(LoseRequest)) }))

var _ = declare(kinds.LoseReply, lossKind(
	"loses replies to clients, and closes their connections",
	row{"*operation*", "the server executes the request, but the client gets no reply", "the loss, and for a write its effect in the tree", "no more messages are lost"}, link.Replies,
	func(m Message) Fault { return LoseReply(m) }, func(f Fault) Message { return Message(f.(LoseReply)) }))

// Kind returns "lose-request".
func (LoseRequest) Kind() string { return kinds.LoseRequest.Name }

// Kind returns "lose-reply".
func (LoseReply) Kind() string { return kinds.LoseReply.Name }

// Spec returns lose-request, with the operation and whatever else was given.
func (f LoseRequest) Spec() string { return Message(f).spec(kinds.LoseRequest) }

// Spec returns lose-reply, with the operation and whatever else was given.
func (f LoseReply) Spec() string { return Message(f).spec(kinds.LoseReply) }

func (m Message) spec(kind kinds.Kind) string {
	s := withCount(spec(kind, m.Op), "nth", m.Nth)
	if m.Times < 0 {
		s = withOption(s, "times", eachTime)
	} else {
		s = withCount(s, "times", m.Times)
	}
	return withOption(withOption(s, "path", m.Path), "who", string(m.Who))
}

// Available returns nil: every client has a link.
func (LoseRequest) Available(Setting) error { return nil }

// Available returns nil: every client has a link.
func (LoseReply) Available(Setting) error { return nil }

// Inject starts waiting for the messages.
func (f LoseRequest) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	return Message(f).inject(ctx, t, rng, link.Request, kinds.LoseRequest)
}

// Inject starts waiting for the messages.
func (f LoseReply) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	return Message(f).inject(ctx, t, rng, link.Reply, kinds.LoseReply)
}

func (m Message) inject(ctx context.Context, t *Target, rng *rand.Rand, what link.What, kind kinds.Kind) (Effect, error) {
	e := &lostMessages{
		target: t, what: what, kind: kind, message: m, drawn: m.Op == "", armed: map[int][]*link.Loss{},
		first: make(chan struct{}), ended: make(chan struct{}), stop: make(chan struct{}),
	}
	who := choice{who: m.Who, early: true}
	if t.At != nil {
		who.who, e.drawn = TheClient(t.At.Point().Client), false
	}
	arm := func(c Client) (func(), error) {
		m := m // each client has its own draw
		if e.drawn {
			m = m.draw(c.Link.Requests(), rng)
		}
		return func() { e.cancel(c) }, e.arm(c, m)
	}
	all, err := who.hit(ctx, t, rng, arm)
	if err != nil {
		return nil, errors.Join(err, e.Heal(ctx))
	}
	e.victims = all
	return e, nil
}

func (m Message) rule(t *Target, what link.What) (link.Rule, error) {
	r := link.Rule{What: what, Nth: m.Nth, Times: m.Times, Path: m.Path}
	if r.Path != "" && !strings.HasPrefix(r.Path, "/") {
		r.Path = t.Root + "/" + r.Path
	}
	var err error
	if m.Op != AnyOp {
		r.Op, err = wire.ParseOp(m.Op)
	}
	return r, err
}

// weights says how often each operation is drawn among those that a client uses. Operations whose
// outcome a client must find out after a loss are drawn often.
var weights = []struct {
	op     wire.Op
	weight int
}{
	{wire.Create, 4},
	{wire.Delete, 4},
	{wire.GetChildren, 4},
	{wire.SetData, 3},
	{wire.Multi, 2},
	{wire.GetData, 2},
	{wire.Exists, 2},
	{wire.Sync, 1},
	{wire.Ping, 1},
}

// inARow: one in so many draws loses several messages in a row, of any operation, so that
// what a client does about the first loss gets lost as well.
const inARow = 4

// draw fills in the operation, from those that the client has used so far.
func (m Message) draw(used map[wire.Op]int, rng *rand.Rand) Message {
	if m.Times == 0 && m.Nth == 0 && rng.IntN(inARow) == 0 {
		m.Op, m.Times = AnyOp, 2+rng.IntN(2)
		return m
	}
	came := map[wire.Op]bool{}
	for op, n := range used {
		if n > 0 {
			came[op.Kind()] = true
		}
	}
	sum := 0
	for _, w := range weights {
		if came[w.op] {
			sum += w.weight
		}
	}
	m.Op = AnyOp
	if sum == 0 {
		return m
	}
	at := rng.IntN(sum)
	for _, w := range weights {
		if !came[w.op] {
			continue
		}
		if at -= w.weight; at < 0 {
			m.Op = w.op.String()
			break
		}
	}
	return m
}

// lostMessages is the effect: a loss on each link, which happens when its message comes.
type lostMessages struct {
	target  *Target
	what    link.What
	kind    kinds.Kind
	drawn   bool // the operation was left open
	victims victims
	running sync.WaitGroup

	mu      sync.Mutex
	message Message              // with the operation drawn for the last client
	armed   map[int][]*link.Loss // by client; the last one is active
	open    int                  // active losses that are not done
	written map[int64]bool       // zxids of lost replies whose writes were seen in the tree

	some  sync.Once
	first chan struct{} // closed at the first loss
	all   sync.Once
	ended chan struct{} // closed after the last loss
	over  sync.Once
	stop  chan struct{} // closed by Heal
}

// loss waits for the message, or loses the message that is stopped.
func (e *lostMessages) loss(c Client, m Message) (*link.Loss, error) {
	if e.target.At != nil {
		loss, err := e.target.At.Lose()
		return loss, taken(err)
	}
	rule, err := m.rule(e.target, e.what)
	if err != nil {
		return nil, err
	}
	return c.Link.Lose(rule)
}

// arm arms one link, replacing an active loss.
func (e *lostMessages) arm(c Client, m Message) error {
	loss, err := e.loss(c, m)
	if err != nil {
		return err
	}
	e.mu.Lock()
	if len(e.armed[c.ID]) == 0 {
		e.open++
	}
	e.armed[c.ID] = append(e.armed[c.ID], loss)
	e.message = m
	e.mu.Unlock()
	e.running.Go(func() { e.watch(loss) })
	return nil
}

// watch waits for a loss.
func (e *lostMessages) watch(loss *link.Loss) {
	select {
	case <-loss.First():
		e.some.Do(func() { close(e.first) })
	case <-e.stop:
		return
	}
	select {
	case <-loss.Done():
	case <-e.stop:
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open--; e.open == 0 {
		e.all.Do(func() { close(e.ended) })
	}
}

// cancel disarms a link.
func (e *lostMessages) cancel(c Client) {
	for _, loss := range e.losses(c) {
		loss.Cancel()
	}
}

func (e *lostMessages) losses(c Client) []*link.Loss {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.armed[c.ID])
}

// lost lists what a client's link lost so far.
func (e *lostMessages) lost(c Client) []link.Lost {
	var all []link.Lost
	for _, loss := range e.losses(c) {
		all = append(all, loss.Lost()...)
	}
	return all
}

// Ended returns a channel that is closed after the last loss.
func (e *lostMessages) Ended() <-chan struct{} { return e.ended }

// Describe lists what was lost so far, and by which clients.
func (e *lostMessages) Describe() history.FaultStep {
	e.mu.Lock()
	step := e.victims.step(e.message.spec(e.kind))
	e.mu.Unlock()
	var details []string
	for _, s := range e.victims {
		for _, lost := range e.lost(s.client) {
			details = append(details, fmt.Sprintf("client %d: %s", s.client.ID, e.tells(lost)))
			step.Lost = append(step.Lost, lostMessage(s.client.ID, e.what, lost))
		}
	}
	step.Detail = strings.Join(details, "; ")
	return step
}

// lostMessage returns a lost message in the form of the record.
func lostMessage(client int, what link.What, lost link.Lost) history.LostMessage {
	m := history.LostMessage{What: history.LostRequest, Client: client, Session: history.ID(lost.Session), Op: lost.Op.String(), Path: lost.Path, At: lost.At}
	if what == link.Reply {
		m.What = history.LostReply
		if lost.Code != wire.OK {
			m.Refused = lost.Code.String()
		}
	}
	return m
}

func (e *lostMessages) tells(lost link.Lost) string {
	s := fmt.Sprintf("lost the %s of %s", e.what, lost.Op)
	if e.what == link.Reply {
		s = fmt.Sprintf("lost the reply to %s", lost.Op)
	}
	if lost.Path != "" {
		s += " " + lost.Path
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.written[lost.Zxid] {
		s += ", whose write is in the tree"
	}
	return s
}

// Verify waits for the first loss; it returns ErrNoTarget if there was no such message. If
// a drawn operation does not come in half of the time, Verify takes the next message of any
// operation instead.
func (e *lostMessages) Verify(ctx context.Context) error {
	late := time.NewTimer(e.target.Lasts)
	defer late.Stop()
	half := time.NewTimer(e.target.Lasts / 2)
	defer half.Stop()
	for {
		select {
		case <-e.first:
			if e.what == link.Reply && e.target.Admin != nil {
				e.lookFor(ctx)
			}
			return nil
		case <-half.C:
			if err := e.settleForAny(); err != nil {
				return err
			}
		case <-late.C:
			return fmt.Errorf("no such message within %s: %w", e.target.Lasts, ErrNoTarget)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// settleForAny arms the next message of any operation in place of the drawn one.
func (e *lostMessages) settleForAny() error {
	if !e.drawn {
		return nil
	}
	for _, s := range e.victims {
		if len(e.lost(s.client)) > 0 {
			continue
		}
		e.cancel(s.client)
		m := e.message
		m.Op, m.Nth = AnyOp, 0
		if err := e.arm(s.client, m); err != nil {
			return err
		}
	}
	return nil
}

// lookFor looks in the tree for the writes whose replies were lost. A write that is not
// there may have been refused, or undone since.
func (e *lostMessages) lookFor(ctx context.Context) {
	for _, s := range e.victims {
		for _, lost := range e.lost(s.client) {
			found, err := e.target.wrote(ctx, lost)
			if err != nil || !found {
				continue
			}
			e.mu.Lock()
			if e.written == nil {
				e.written = map[int64]bool{}
			}
			e.written[lost.Zxid] = true
			e.mu.Unlock()
		}
	}
}

// Heal lets all messages through again.
func (e *lostMessages) Heal(context.Context) error {
	e.over.Do(func() { close(e.stop) })
	e.victims.undo()
	e.running.Wait()
	return nil
}
