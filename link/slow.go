package link

import (
	"fmt"
	"time"
)

// Shape slows a link down. The zero value changes nothing; negative values count as 0.
type Shape struct {
	// Direction is the direction that the shape applies to. If it is Both, the shape applies to each
	// direction separately: a round trip takes two delays.
	Direction Direction
	// Delay is how much later everything arrives. Jitter adds a random time between 0 and
	// Jitter, drawn for each write of the client and each read from the server; the order
	// stays.
	Delay, Jitter time.Duration
	// BytesPerSecond limits each direction of each connection; 0 is no limit.
	BytesPerSecond int
	// Seed makes jitter repeatable: draws depend only on Seed, the number of the connection
	// on its link, and the direction.
	Seed uint64
}

// Slow delays everything that passes on present and later connections, in order. It does
// not reduce how much can be in flight. Connecting takes a round trip longer;
// Config.ConnectTimeout does not count what the shape adds. With several shapes the delays
// add up, and the lowest rate applies. After release, bytes on their way continue as if the
// shape had never applied. Release may be called more than once.
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

// roundTrip returns how much longer n bytes and an answer of the same size take at most.
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

// handshake returns how much longer it takes to connect: a round trip of no bytes.
func (in *conditions) handshake() (d time.Duration) {
	for _, s := range in.shapes {
		d += s.Delay
		if s.Direction == Both {
			d += s.Delay
		}
	}
	return d
}
