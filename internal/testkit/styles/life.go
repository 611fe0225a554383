package styles

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/subjects"
)

// life is shared by all objects of one client, for as long as its process lives.
type life struct {
	c      *subjects.Client
	over   chan struct{} // closed when the client is closed
	count  atomic.Int64  // names given out
	gate   gate          // guards lent
	lent   *session      // the present session of the client's own connection; nil if none is known
	common *opener       // opens the session that all objects of the client share

	mu   sync.Mutex
	open map[*session]bool // sessions that were opened here
}

var lives sync.Map // *life by *subjects.Client

func lifeOf(c *subjects.Client) *life {
	l := &life{c: c, over: make(chan struct{}), gate: newGate(), open: map[*session]bool{}}
	l.common = &opener{life: l, gate: newGate()}
	if known, ok := lives.LoadOrStore(c, l); ok {
		return known.(*life)
	}
	var once sync.Once
	c.BeforeEnd(func(context.Context) { once.Do(l.end) })
	return l
}

// end closes all sessions that the client opened.
func (l *life) end() {
	close(l.over)
	lives.Delete(l.c)
	l.mu.Lock()
	var open []*session
	for s := range l.open {
		open = append(open, s)
	}
	l.mu.Unlock()
	for _, s := range open {
		s.end()
	}
}

func (l *life) opened(s *session, is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if is {
		l.open[s] = true
	} else {
		delete(l.open, s)
	}
}

// name returns a name for a znode that no client uses a second time: no two lives of a process have a
// session in common. It begins with the number of the client, which a process that starts again
// keeps.
func (l *life) name(s *session) string {
	return fmt.Sprintf("%d-%x-%d", l.c.ID, uint64(s.id), l.count.Add(1))
}

// named recognizes what name returns.
var named = regexp.MustCompile(`^([0-9]+)-([0-9a-f]+)-[0-9]+$`)

// seatOf returns the number of the client, and the session, in which a name was given.
func seatOf(name string) (client, session string, ok bool) {
	m := named.FindStringSubmatch(name)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// isOfSession reports whether a name was given in a session. A znode that another program gave such a name
// has no owner.
func isOfSession(name string, owner int64) bool {
	_, session, ok := seatOf(name)
	return ok && owner != 0 && session == fmt.Sprintf("%x", uint64(owner))
}

// ofSeat reports whether a name was given to this client, in this life or an earlier one.
func (l *life) ofSeat(name string) bool {
	client, _, ok := seatOf(name)
	return ok && client == fmt.Sprint(l.c.ID)
}

// again is the pause before something is tried again.
const again = 30 * time.Millisecond

// insist repeats f until it succeeds, or the client is closed.
func (l *life) insist(f func() error) {
	for f() != nil {
		select {
		case <-l.over:
			return
		case <-time.After(again):
		}
	}
}
