package pipe

import (
	"sync"
	"time"
)

// Deadlines combines the client's read deadline with the link's: the earlier one applies. A
// zero time is no deadline.
type Deadlines struct {
	Pipe *Pipe

	mu          sync.Mutex
	client      time.Time
	link        time.Time
	interrupted bool
}

// SetClient sets the client's deadline.
func (d *Deadlines) SetClient(t time.Time) error { return d.set(&d.client, t) }

// SetLink sets the deadline of the link.
func (d *Deadlines) SetLink(t time.Time) error { return d.set(&d.link, t) }

func (d *Deadlines) set(one *time.Time, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	*one = t
	return d.apply()
}

// Interrupt wakes the reader. Its Read fails as at a deadline, and WasInterrupted then
// returns true.
func (d *Deadlines) Interrupt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.interrupted = true
	d.apply()
}

// WasInterrupted reports whether Interrupt woke the reader, once.
func (d *Deadlines) WasInterrupted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.interrupted
	if d.interrupted = false; was {
		d.apply()
	}
	return was
}

func (d *Deadlines) apply() error {
	t := d.client
	if d.interrupted {
		return d.Pipe.SetReadDeadline(LongAgo)
	}
	if t.IsZero() || !d.link.IsZero() && d.link.Before(t) {
		t = d.link
	}
	return d.Pipe.SetReadDeadline(t)
}
