package link

import (
	"sync"
	"time"
)

// gate is where dials wait while connections are held back.
type gate struct {
	mu     sync.Mutex
	holds  int
	opened chan struct{} // closed while nothing holds

	shutting sync.Once
	shut     chan struct{} // closed when the link is
}

func newGate() *gate {
	g := &gate{opened: make(chan struct{}), shut: make(chan struct{})}
	close(g.opened)
	return g
}

func (g *gate) hold() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holds++; g.holds == 1 {
		g.opened = make(chan struct{})
	}
	return sync.OnceFunc(g.release)
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holds--; g.holds == 0 {
		close(g.opened)
	}
}

func (g *gate) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.holds == 0
}

func (g *gate) close() { g.shutting.Do(func() { close(g.shut) }) }

// wait returns nil once nothing holds, ErrHeld at the deadline (zero: none)
// and ErrClosed once the link is closed.
func (g *gate) wait(deadline time.Time) error {
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	var late <-chan time.Time
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		late = t.C
	}
	select {
	case <-g.shut:
		return ErrClosed
	default:
	}
	select {
	case <-opened:
		return nil
	default:
	}
	select {
	case <-opened:
		return nil
	case <-g.shut:
		return ErrClosed
	case <-late:
		return ErrHeld
	}
}
