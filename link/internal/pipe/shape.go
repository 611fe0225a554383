package pipe

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

// Direction is a direction through the link.
type Direction int

// The directions. The zero value is both.
const (
	Both Direction = iota
	ToServer
	ToClient
)

// String returns "both", "to-server" or "to-client".
func (d Direction) String() string {
	switch d {
	case ToServer:
		return "to-server"
	case ToClient:
		return "to-client"
	}
	return "both"
}

// Includes reports whether d includes the one direction way.
func (d Direction) Includes(way Direction) bool { return d == Both || d == way }
