package pipe

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// MaxInFlight bounds the bytes on their way in one direction, as the buffers of a
	// network do: four frames of maximum size.
	MaxInFlight = 4 << 20

	// pieceTime is the time that one piece takes on a throttled flow, so that bytes do not
	// come in large bursts. No piece is smaller than minPiece.
	pieceTime = 20 * time.Millisecond
	minPiece  = 16
)

// Impairment is what conditions do to one direction of a connection.
type Impairment struct {
	Stalled bool
	Shapes  []*Shape
}

// flow is one direction of a Pipe: the bytes on their way, in order. Everything except busy
// is guarded by Pipe.mu.
type flow struct {
	// busy is true if bytes cannot go straight through: they are to be stalled or slowed,
	// or earlier bytes are still on their way.
	busy atomic.Bool

	way     Direction
	serial  uint64 // number of the connection, for seeds
	stalled bool
	delays  []delay
	rate    int  // bytes a second; 0: no limit
	pumping bool // a goroutine reads bytes in (to the client) or writes them out (to the server)
	ended   error

	queue  []piece
	size   int       // bytes in queue
	freeAt time.Time // when a throttled flow has passed all its bytes
}

// piece is a number of bytes on their way.
type piece struct {
	data []byte
	at   time.Time // when they were sent
	due  time.Time
}

// delay is a shape with its source of jitter. Each flow has its own, so that the order in
// which goroutines run does not change what is drawn.
type delay struct {
	*Shape
	jitter *rand.Rand
}

func (d delay) draw() time.Duration {
	if d.Jitter <= 0 {
		return d.Delay
	}
	return d.Delay + time.Duration(d.jitter.Int64N(int64(d.Jitter)+1))
}

func (f *flow) slow() bool { return len(f.delays) > 0 }

// updateBusy updates whether bytes can go straight through.
func (f *flow) updateBusy() {
	f.busy.Store(f.stalled || f.slow() || f.pumping || len(f.queue) > 0)
}

// set changes the impairment of the flow. Bytes on their way continue as if the new impairment had
// always applied. After a stall they continue as if sent now: the network retransmits what did not
// arrive.
func (f *flow) set(t Impairment, now time.Time) {
	if f.has(t) {
		return
	}
	if f.stalled && !t.Stalled {
		for i := range f.queue {
			f.queue[i].at = now
		}
	}
	f.stalled = t.Stalled
	f.reshape(t.Shapes)
	f.freeAt = time.Time{}
	for i := range f.queue {
		f.plan(&f.queue[i])
	}
	f.updateBusy()
}

func (f *flow) has(t Impairment) bool {
	return f.stalled == t.Stalled && slices.EqualFunc(f.delays, t.Shapes, func(d delay, s *Shape) bool { return d.Shape == s })
}

func (f *flow) reshape(shapes []*Shape) {
	old := f.delays
	f.delays, f.rate = nil, 0
	for _, s := range shapes {
		f.delays = append(f.delays, f.delay(old, s))
		if r := s.BytesPerSecond; r > 0 && (f.rate == 0 || r < f.rate) {
			f.rate = r
		}
	}
}

// delay returns a shape's source of jitter, which continues where it was.
func (f *flow) delay(old []delay, s *Shape) delay {
	for _, d := range old {
		if d.Shape == s {
			return d
		}
	}
	return delay{s, rand.New(rand.NewPCG(s.Seed, f.serial<<2|uint64(f.way)))}
}

// push sends bytes on their way. It retains b.
func (f *flow) push(b []byte, now time.Time) {
	f.size += len(b)
	most := len(b)
	if f.rate > 0 {
		most = max(minPiece, int(int64(f.rate)*int64(pieceTime)/int64(time.Second)))
	}
	for len(b) > 0 {
		n := min(most, len(b))
		p := piece{data: b[:n:n], at: now}
		f.plan(&p)
		f.queue = append(f.queue, p)
		b = b[n:]
	}
	f.updateBusy()
}

// plan computes when a piece is due, after its turn on a throttled flow and its delays. It
// never overtakes the piece before it.
func (f *flow) plan(p *piece) {
	p.due = p.at
	if f.rate > 0 {
		if f.freeAt.After(p.due) {
			p.due = f.freeAt
		}
		p.due = p.due.Add(time.Duration(len(p.data)) * time.Second / time.Duration(f.rate))
		f.freeAt = p.due
	}
	for _, d := range f.delays {
		p.due = p.due.Add(d.draw())
	}
}

// next returns when the oldest bytes are due. ok is false if nothing will be due before the
// conditions change or more bytes come.
func (f *flow) next() (due time.Time, ok bool) {
	if f.stalled || len(f.queue) == 0 {
		return time.Time{}, false
	}
	return f.queue[0].due, true
}

// ready reports whether bytes are due.
func (f *flow) ready(now time.Time) bool {
	due, ok := f.next()
	return ok && !due.After(now)
}

// read moves due bytes to b.
func (f *flow) read(b []byte, now time.Time) (n int) {
	for n < len(b) && f.ready(now) {
		p := &f.queue[0]
		k := copy(b[n:], p.data)
		p.data = p.data[k:]
		n += k
		if len(p.data) == 0 {
			f.drop()
		}
	}
	f.size -= n
	return n
}

// pop removes and returns the first due piece; nil if there is none.
func (f *flow) pop(now time.Time) []byte {
	if !f.ready(now) {
		return nil
	}
	data := f.queue[0].data
	f.size -= len(data)
	f.drop()
	return data
}

func (f *flow) drop() {
	f.queue[0] = piece{}
	if f.queue = f.queue[1:]; len(f.queue) == 0 {
		f.queue = nil
	}
}

func (f *flow) clear() { f.queue, f.size = nil, 0 }
