package link

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/wire"
)

// What says which half of an operation is lost.
type What int

// The halves. A lost request never reaches the server. A lost reply was sent
// by a server that did what was asked.
const (
	Request What = iota
	Reply
)

// String is "request" or "reply".
func (w What) String() string {
	if w == Reply {
		return "reply"
	}
	return "request"
}

// Rule picks the operation to lose.
type Rule struct {
	What What

	// Op is the type; wire.Create matches every kind of create, wire.GetChildren
	// every kind of list. The zero value matches any type.
	Op wire.Op

	// Path is the znode, or one of those of a multi. "" matches any. A pattern
	// with one of *?[ is matched by path.Match as a whole, so that * does not
	// go past a slash. Any other matches that znode and everything below it.
	Path string

	// Nth is which of the matching requests, from 1, counted from the call of
	// Lose over all connections of the link. 0 means 1.
	Nth int
}

// Lost tells what a loss took.
type Lost struct {
	Op      wire.Op
	Path    string
	Session int64
	At      time.Duration // by Config.Clock
	Zxid    int64         // in the header of a lost reply
}

// Loss is a rule at work: it loses one frame, cuts the connection, and is done.
type Loss struct {
	l    *Link
	rule Rule
	done chan struct{}

	// Guarded by Link.mu.
	matched int
	claimed bool // its reply is awaited
	over    bool // done or cancelled
	lost    Lost
}

// Lose arranges that one request, or one reply, gets lost, and the connection
// with it: of a lost request the client thinks that it was sent, of a lost
// reply and what comes after it on that connection it sees nothing. If the
// connection ends before the reply is there, the next matching operation is
// taken. Of several losses the oldest goes first. The error tells a malformed rule.
func (l *Link) Lose(r Rule) (*Loss, error) {
	if _, err := path.Match(r.Path, "/"); err != nil {
		return nil, fmt.Errorf("path %q: %w", r.Path, err)
	}
	if r.Nth < 0 {
		return nil, fmt.Errorf("nth is %d, must be 1 or more", r.Nth)
	}
	r.Nth = max(r.Nth, 1)
	loss := &Loss{l: l, rule: r, done: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.losses = append(l.losses, loss)
	return loss, nil
}

// Done is closed once the frame is lost and the connection is cut.
func (x *Loss) Done() <-chan struct{} { return x.done }

// Lost tells what was lost; ok is false before Done.
func (x *Loss) Lost() (lost Lost, ok bool) {
	select {
	case <-x.done:
		return x.lost, true
	default:
		return Lost{}, false
	}
}

// Cancel ends a loss that has not happened. Afterwards it never will. More
// than once is fine.
func (x *Loss) Cancel() {
	x.l.mu.Lock()
	defer x.l.mu.Unlock()
	x.l.drop(x)
}

// drop ends a loss. Call it with l.mu held.
func (l *Link) drop(x *Loss) {
	x.over = true
	l.losses = slices.DeleteFunc(l.losses, func(y *Loss) bool { return y == x })
}

// claim counts a request against all losses and returns the one whose turn it
// is. Call it with l.mu held.
func (l *Link) claim(op wire.Op, paths []string) *Loss {
	var turn *Loss
	for _, x := range l.losses {
		if !x.rule.matches(op, paths) {
			continue
		}
		x.matched++
		if turn == nil && x.matched >= x.rule.Nth && !x.claimed {
			turn = x
		}
	}
	return turn
}

func (r Rule) matches(op wire.Op, paths []string) bool {
	if r.Op != 0 && r.Op != op && r.Op != op.Kind() {
		return false
	}
	return r.Path == "" || slices.ContainsFunc(paths, r.matchesPath)
}

func (r Rule) matchesPath(p string) bool {
	if strings.ContainsAny(r.Path, `*?[\`) {
		ok, _ := path.Match(r.Path, p)
		return ok
	}
	dir := strings.TrimSuffix(r.Path, "/")
	return p == r.Path || strings.HasPrefix(p, dir) && strings.HasPrefix(p[len(dir):], "/")
}
