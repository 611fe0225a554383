package mesh

import (
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/internal/virtual/delivery"
)

// link is one direction between two servers. The pair's lock guards it.
type link[M any] struct {
	from, to     *end[M]
	cut          bool
	base, jitter time.Duration
	share        float64 // of packets that are lost
	queue        queue[M]

	stream *delivery.Stream // nil: messages arrive by the link's own timer

	seed   uint64
	random *rand.Rand // for jitter and losses; nil until it is needed
	timer  *time.Timer
	over   chan struct{} // ends the goroutine that waits for the timer
	due    func()        // what runs when it fires, or what the scheduler runs
	one    [1]M          // what deliver gets a slice of
}

// item waits in a link: a message, the news that the connection was broken, or a lost message that will
// not arrive.
type item[M any] struct {
	msg    M
	broken bool
	lost   bool
	due    time.Time // not before this; zero: at any time
}

// open reports whether a message arrives at once.
func (l *link[M]) open() bool {
	return l.stream == nil && !l.cut && l.base == 0 && l.jitter == 0 && l.share == 0 && l.queue.len() == 0
}

// arrive delivers a message.
func (l *link[M]) arrive(msg M) {
	l.one[0] = msg
	l.to.deliver(l.one[:])
	clear(l.one[:]) // keeps nothing alive
}

// held counts the messages that wait. News do not count as a message, and are always first: everything
// sent before them is lost.
func (l *link[M]) held() int {
	n := l.queue.len()
	if n > 0 && l.queue.front().broken {
		n--
	}
	return n
}

// hasDue reports whether a message can arrive now.
func (l *link[M]) hasDue() bool {
	if l.cut || l.queue.len() == 0 {
		return false
	}
	due := l.queue.front().due
	return due.IsZero() || !time.Now().Before(due)
}

// dueTime returns when a message that is sent now is to arrive; zero means at once. The time may be
// before that of an earlier message; then it waits for that one in the queue.
func (l *link[M]) dueTime() time.Time {
	if l.stream != nil {
		return time.Now().Add(l.stream.Draw() + l.base + l.drawJitter())
	}
	if l.base == 0 && l.jitter == 0 {
		return time.Time{}
	}
	return time.Now().Add(l.base + l.drawJitter())
}

func (l *link[M]) drawJitter() time.Duration {
	if l.jitter == 0 {
		return 0
	}
	return time.Duration(l.draw().Int64N(int64(l.jitter)))
}

func (l *link[M]) draw() *rand.Rand {
	if l.random == nil {
		l.random = rand.New(rand.NewPCG(l.seed, uint64(l.from.id)<<32|uint64(uint32(l.to.id))))
	}
	return l.random
}

// number returns the number of the link's stream in a scheduler. The streams of clients have larger
// ones.
func (l *link[M]) number() uint64 { return uint64(l.from.id)<<16 | uint64(l.to.id) }

// arm sets the timer for the first in the queue, if it waits for its time alone.
func (l *link[M]) arm() {
	if l.cut || l.queue.len() == 0 {
		return
	}
	if l.stream != nil {
		l.stream.At(l.queue.front().due, l.due)
		return
	}
	wait := time.Until(l.queue.front().due)
	if l.timer == nil {
		l.timer, l.over = time.NewTimer(wait), make(chan struct{})
		go l.await(l.timer.C, l.over)
		return
	}
	l.timer.Reset(wait)
}

// await waits for the timer again and again. One goroutine for all of a link's
// messages: a new one for each would have to grow its stack each time.
func (l *link[M]) await(fired <-chan time.Time, over <-chan struct{}) {
	for {
		select {
		case <-fired:
			l.due()
		case <-over:
			return
		}
	}
}

// close ends the goroutine.
func (l *link[M]) close() {
	l.clear()
	if l.over != nil {
		close(l.over)
		l.over = nil
	}
}

// clear drops what is in the queue. The timer's function may already run; then it finds nothing to do.
func (l *link[M]) clear() {
	l.queue = queue[M]{}
	if l.timer != nil {
		l.timer.Stop()
	}
}
