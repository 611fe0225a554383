package link

import (
	"net"
	"sync"
	"time"
)

// deadlines combines the client's read deadline with the link's: the earlier
// one counts. Zero times are no deadline.
type deadlines struct {
	inner net.Conn

	mu     sync.Mutex
	client time.Time
	link   time.Time
}

func (d *deadlines) setClient(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.client = t
	return d.apply()
}

func (d *deadlines) setLink(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.link = t
	return d.apply()
}

func (d *deadlines) apply() error {
	t := d.client
	if t.IsZero() || !d.link.IsZero() && d.link.Before(t) {
		t = d.link
	}
	return d.inner.SetReadDeadline(t)
}
