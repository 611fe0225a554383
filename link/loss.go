package link

import (
	"math"
	"slices"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/content"
)

// What names the half of an operation that is lost.
type What int

// The halves. A lost request never reaches the server. A lost reply was sent by a server
// that carried out the request or refused it.
const (
	Request What = iota
	Reply
)

// String returns "request" or "reply".
func (w What) String() string {
	if w == Reply {
		return "reply"
	}
	return "request"
}

// Rule picks the operations to lose.
type Rule struct {
	What What

	// Op is the type; wire.Create matches every kind of create, wire.GetChildren every kind
	// of list. The zero value matches any type.
	Op wire.Op

	// Path is the znode; for a multi, one of its znodes. "" matches any. A pattern with one
	// of *?[ must match the whole path by path.Match, so * does not match a slash. Any
	// other path matches that znode and everything below it.
	Path string

	// Nth is which matching request is the first to be lost, from 1, counted from the call
	// of Lose over all connections of the link. 0 means 1.
	Nth int

	// Times is how many are lost, from the Nth on. 0 means 1; a negative number means every
	// one until Cancel.
	Times int
}

// String describes the rule in a few words: "reply to create /locks".
func (r Rule) String() string {
	s := "request of "
	if r.What == Reply {
		s = "reply to "
	}
	if r.Op == 0 {
		s += "any"
	} else {
		s += r.Op.String()
	}
	if r.Path != "" {
		s += " " + r.Path
	}
	return s
}

// Lost describes a lost message.
type Lost struct {
	Op      wire.Op
	Path    string
	Session int64
	At      time.Duration // by Config.Clock
	Zxid    int64         // the zxid in the header of a lost reply
	Code    wire.Code     // the code of a lost reply: OK, or why the request was refused
}

// Loss is an active rule: it loses frames, each with its connection.
type Loss struct {
	in          *active[*Loss]
	rule        Rule
	first, done chan struct{}

	// Guarded by Link.mu.
	matched int
	awaited int // replies that are awaited
	over    bool
	lost    []Lost
	cut     int // lost frames whose connection is cut
}

func newLoss(in *active[*Loss], r Rule) *Loss {
	return &Loss{in: in, rule: r, first: make(chan struct{}), done: make(chan struct{})}
}

// First returns a channel that is closed once a frame is lost and its connection is cut.
func (x *Loss) First() <-chan struct{} { return x.first }

// Done returns a channel that is closed once as many frames are lost as the rule asks for and their
// connections are cut. It stays open if the loss is cancelled before.
func (x *Loss) Done() <-chan struct{} { return x.done }

// Lost lists what was lost so far, the oldest first.
func (x *Loss) Lost() []Lost {
	x.in.mu.Lock()
	defer x.in.mu.Unlock()
	return slices.Clone(x.lost[:x.cut])
}

// Cancel ends a loss: nothing more is lost afterwards. It may be called more than once.
func (x *Loss) Cancel() {
	x.in.mu.Lock()
	defer x.in.mu.Unlock()
	x.drop()
}

// connectionCut notes that the connection of a lost frame is cut.
func (x *Loss) connectionCut() {
	x.in.mu.Lock()
	defer x.in.mu.Unlock()
	if x.cut++; x.cut == 1 {
		close(x.first)
	}
	if x.cut == x.rule.Times {
		close(x.done)
	}
}

// left returns how many more frames may be taken; awaited replies count as taken. Call it
// with Link.mu held.
func (x *Loss) left() int {
	if x.rule.Times < 0 {
		return math.MaxInt
	}
	return x.rule.Times - len(x.lost) - x.awaited
}

// drop ends a loss. Call it with Link.mu held.
func (x *Loss) drop() {
	x.over = true
	x.in.remove(x)
}

// claim counts a request against all losses and returns the one that applies to it now. Call it with
// Link.mu held.
func claim(losses []*Loss, op wire.Op, paths []string) (turn *Loss) {
	for _, x := range losses {
		if !x.rule.matches(op, paths) {
			continue
		}
		x.matched++
		if turn == nil && x.matched >= x.rule.Nth && x.left() > 0 {
			turn = x
		}
	}
	return turn
}

func (r Rule) matches(op wire.Op, paths []string) bool {
	if r.Op != 0 && !content.OfType(op, r.Op) {
		return false
	}
	return r.Path == "" || slices.ContainsFunc(paths, func(p string) bool { return matchesPath(r.Path, p) })
}
