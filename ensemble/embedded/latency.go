package embedded

import (
	"math/rand/v2"
	"net"
	"time"

	"github.com/zklab/zklab/internal/virtual/delivery"
)

// Spread says how much latencies differ. It is one of [Spreads]; "" means evenly.
type Spread = delivery.Spread

// Spreads are the kinds: even, tails and spells.
var Spreads = delivery.Spreads

// ParseSpread reads the name of one.
func ParseSpread(name string) (Spread, error) { return delivery.ParseSpread(name) }

// slowLinks gives the links between servers the ensemble's latency.
func (e *Ensemble) slowLinks() {
	for _, from := range e.servers {
		for _, to := range e.servers {
			if from != to {
				e.delay(from.id, to.id, 0)
			}
		}
	}
}

// delay makes a link slower than the ensemble's latency makes it, which is the
// scheduler's affair where there is one.
func (e *Ensemble) delay(from, to int, by time.Duration) {
	if e.arrive != nil {
		e.links.Delay(from, to, by, 0)
		return
	}
	e.links.Delay(from, to, e.cfg.Latency/2+by, e.cfg.Latency)
}

// distant wraps a client's connection with the ensemble's latency.
func (e *Ensemble) distant(c net.Conn) net.Conn {
	if e.cfg.Latency == 0 || e.arrive != nil {
		return c
	}
	n := e.dialed.Add(1)
	return &distantConn{
		Conn: c, latency: e.cfg.Latency,
		requests: rand.New(rand.NewPCG(n, 1)), replies: rand.New(rand.NewPCG(n, 2)),
	}
}

// distantConn is a connection on which everything takes a while. It has no goroutine: a writer waits,
// and a reader waits after something has come. One goroutine may read, and one may write.
type distantConn struct {
	net.Conn
	latency           time.Duration
	requests, replies *rand.Rand

	buf   [4 << 10]byte
	ahead []byte // has come, and was waited for
}

func (c *distantConn) wait(rng *rand.Rand) {
	time.Sleep(c.latency/2 + time.Duration(rng.Int64N(int64(c.latency)+1)))
}

func (c *distantConn) Write(b []byte) (int, error) {
	c.wait(c.requests)
	return c.Conn.Write(b)
}

// Read reads ahead, since who reads a length first and then a body waits once.
func (c *distantConn) Read(b []byte) (n int, err error) {
	if len(c.ahead) == 0 {
		if n, err = c.Conn.Read(c.buf[:]); n == 0 {
			return 0, err
		}
		c.wait(c.replies)
		c.ahead = c.buf[:n]
	}
	n = copy(b, c.ahead)
	c.ahead = c.ahead[n:]
	return n, nil
}
