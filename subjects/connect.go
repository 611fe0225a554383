package subjects

import (
	"net"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// Connect opens a session of the subject's own, as zk.Connect does: it returns at once, and
// connects in the background. It connects to c.Servers through c.Dial, and asks for c.Timeout.
// Other options of package zk may follow; zk.WithDialer takes a dialer that calls c.Dial.
//
// Unlike a session of zk.Connect, it repeats in a simulation with the same seed, because the
// servers are tried in the order of c.Servers and not in a random one. The channel has all events
// of the session, however late they are read. The client closes the session at its end, if the
// subject has not closed it before. After that Connect returns zk.ErrClosing.
//
// Connect is safe for concurrent use.
func (c *Client) Connect(options ...func(*zk.Conn)) (*zk.Conn, <-chan zk.Event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, WithoutEffect(zk.ErrClosing)
	}
	place := slices.Index(c.own, nil)
	if place < 0 {
		place = len(c.own)
		c.own = append(c.own, nil)
	}
	conn, events, err := zkconn.Start(zkconn.Config{
		Servers: c.Servers, Timeout: c.Timeout, Dial: c.apart(place), Ended: func() { c.forget(place) },
	}, options...)
	if err != nil {
		return nil, nil, WithoutEffect(err)
	}
	c.own[place] = conn
	return conn, events.All(), nil
}

// ownApart is a number of clients below which no two sessions of [Client.Connect] dial at one
// instant.
const ownApart = 61

// apart returns c.Dial for one of the client's own sessions. Sessions that lost their connections
// to one fault would all dial again exactly a second later, so each waits a few microseconds longer
// than the others.
func (c *Client) apart(place int) zk.Dialer {
	dial := c.Dial
	if dial == nil {
		dial = net.DialTimeout
	}
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		jitter.Wait(1 + c.ID%ownApart + place*ownApart)
		return dial(network, addr, timeout)
	}
}

// forget frees the place of a session that has ended.
func (c *Client) forget(place int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own[place] = nil
}

// closeOwn closes the sessions of [Client.Connect] that are open, all at once: each waits a second
// for a server that does not answer.
func (c *Client) closeOwn() {
	c.mu.Lock()
	open := slices.Clone(c.own)
	c.mu.Unlock()
	var all sync.WaitGroup
	for _, conn := range open {
		if conn != nil {
			all.Go(conn.Close)
		}
	}
	all.Wait()
}
