package link

import (
	"sync"
	"time"
)

// deadlines combines the client's read deadline with the link's: the earlier one applies. A
// zero time is no deadline.
type deadlines struct {
	inner *pipe

	mu          sync.Mutex
	client      time.Time
	link        time.Time
	interrupted bool
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

// interrupt wakes the reader. Its Read fails as at a deadline, and wasInterrupted then
// returns true.
func (d *deadlines) interrupt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.interrupted = true
	d.apply()
}

func (d *deadlines) wasInterrupted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.interrupted
	if d.interrupted = false; was {
		d.apply()
	}
	return was
}

func (d *deadlines) apply() error {
	t := d.client
	if d.interrupted {
		return d.inner.SetReadDeadline(longAgo)
	}
	if t.IsZero() || !d.link.IsZero() && d.link.Before(t) {
		t = d.link
	}
	return d.inner.SetReadDeadline(t)
}
