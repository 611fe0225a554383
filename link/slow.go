package link

import (
	"fmt"
	"time"
)

// Shape slows a link down. The zero value changes nothing; negative values count
// as 0.
type Shape struct {
	// Direction is which way it holds for. Both slows each way by itself: a
	// round trip takes two delays.
	Direction Direction
	// Delay is how much later everything arrives. Jitter adds to it a time
	// between nothing and Jitter, drawn anew for each write of the client and
	// each read from the server; the order stays.
	Delay, Jitter time.Duration
	// BytesPerSecond bounds what passes on each connection each way. 0 is no bound.
	BytesPerSecond int
	// Seed makes jitter repeatable: what is drawn depends on it, the number of the
	// connection on its link, the direction, and nothing else.
	Seed uint64
}

// Slow makes everything that passes on present and later connections later, in
// order, with no less of it in flight at a time. Connecting takes a round trip
// longer, and Config.ConnectTimeout does not count what the shape adds. Of
// several shapes the delays add up, and the lowest rate counts. After release
// what is on its way goes on as if the shape had not been. Calling release more
// than once is fine.
func (l *Link) Slow(s Shape) (release func()) {
	s.Delay, s.Jitter, s.BytesPerSecond = max(s.Delay, 0), max(s.Jitter, 0), max(s.BytesPerSecond, 0)
	return put(l, &l.in.shapes, &s)
}

// String describes the shape in a few words.
func (s Shape) String() string {
	text := s.Direction.String()
	if s.Delay > 0 || s.Jitter > 0 {
		text += fmt.Sprintf(" by %s to %s", s.Delay, s.Delay+s.Jitter)
	}
	if s.BytesPerSecond > 0 {
		text += fmt.Sprintf(" at %d bytes a second", s.BytesPerSecond)
	}
	return text
}

// roundTrip is how much longer n bytes and an answer as long take at most.
func (in *conditions) roundTrip(n int) (longest time.Duration) {
	for _, s := range in.shapes {
		one := s.Delay + s.Jitter
		if s.BytesPerSecond > 0 {
			one += time.Duration(n) * time.Second / time.Duration(s.BytesPerSecond)
		}
		if s.Direction == Both {
			one *= 2
		}
		longest += one
	}
	return longest
}

// handshake is how much longer it takes to connect: a round trip of no bytes.
func (in *conditions) handshake() (d time.Duration) {
	for _, s := range in.shapes {
		d += s.Delay
		if s.Direction == Both {
			d += s.Delay
		}
	}
	return d
}
