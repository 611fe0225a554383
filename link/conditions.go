package link

import (
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/zklab/zklab/link/internal/pipe"
)

// conditions are the active faults that concern every byte or every dial, as opposed to
// single messages. They are guarded by Link.mu.
type conditions struct {
	holds    int
	refusals int
	stalls   []*Direction // compared by address, since several may be equal
	shapes   []*Shape
	bars     []*string // addresses
	routes   []*string // addresses; the last one applies
}

// impairment returns the impairment of the connection to addr in a direction. Call it with Link.mu held.
func (in *conditions) impairment(addr string, way Direction) pipe.Impairment {
	t := pipe.Impairment{Stalled: in.stalled(addr, way)}
	for _, s := range in.shapes {
		if s.Direction.Includes(way) {
			t.Shapes = append(t.Shapes, s)
		}
	}
	return t
}

// stalled reports whether nothing may pass to or from addr in a direction.
func (in *conditions) stalled(addr string, way Direction) bool {
	return in.barred(addr) || slices.ContainsFunc(in.stalls, func(d *Direction) bool { return d.Includes(way) })
}

func (in *conditions) barred(addr string) bool {
	return slices.ContainsFunc(in.bars, func(a *string) bool { return *a == addr })
}

// Direction is a direction through the link.
type Direction = pipe.Direction

// The directions. The zero value is both.
const (
	Both     = pipe.Both
	ToServer = pipe.ToServer
	ToClient = pipe.ToClient
)

// Shape slows a link down. The zero value changes nothing; negative values count as 0.
type Shape = pipe.Shape

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

// obstacle returns what stands in a dial's way. A dial that has to wait returns err when it
// gives up.
func (in *conditions) obstacle(network, to string) (wait bool, err error) {
	switch {
	case in.stalled(to, ToServer) || in.stalled(to, ToClient): // a handshake needs both directions
		return true, dialError(network, to, os.ErrDeadlineExceeded)
	case in.refusals > 0:
		return false, dialError(network, to, os.NewSyscallError("connect", syscall.ECONNREFUSED))
	case in.holds > 0:
		return true, fmt.Errorf("dial %s: %w", to, ErrHeld)
	}
	return false, nil
}

// dialError returns an error like those of package net.
func dialError(network, to string, err error) error {
	return &net.OpError{Op: "dial", Net: network, Addr: address{network, to}, Err: err}
}

type address struct{ network, addr string }

func (a address) Network() string { return a.network }
func (a address) String() string  { return a.addr }

// route returns where a dial to addr leads.
func (in *conditions) route(addr string) string {
	if n := len(in.routes); n > 0 {
		return *in.routes[n-1]
	}
	return addr
}

// list names what is in force.
func (in *conditions) list() (left []string) {
	add := func(what string) { left = append(left, what) }
	if in.holds > 0 {
		add(several(in.holds, "hold"))
	}
	if in.refusals > 0 {
		add(several(in.refusals, "refusal"))
	}
	for _, d := range in.stalls {
		add("stall " + d.String())
	}
	for _, s := range in.shapes {
		add("slow " + s.String())
	}
	for _, addr := range in.bars {
		add("barred from " + *addr)
	}
	for _, addr := range in.routes {
		add("routed to " + *addr)
	}
	return left
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
