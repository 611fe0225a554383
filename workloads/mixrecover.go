package workloads

import (
	"context"

	"github.com/zklab/zklab/history"
)

var _ recovering = (*mixRun)(nil)

// asks reports whether the operation of a spot exists.
func (r *mixRun) asks(_ *Client, at spot) bool {
	return r.named(at.f) != nil
}

// again calls an operation once more, if it is possible now.
func (r *mixRun) again(ctx context.Context, c *Client, at spot) {
	o, d := r.named(at.f), r.afterwards(c, at.key, random(r.env, c.ID))
	if r.may(o, r.seen(c, o, d)) {
		_, _ = r.call(ctx, c, 0, o, d)
		r.endStays(ctx, c, at.key)
	}
}

// renewOver makes a new subject if a session of the client has expired since the last one was made. It
// records that the client had no session then: New must not use what it finds out about its session.
func (r *mixRun) renewOver(ctx context.Context, c *Client, key string) {
	expired := 0
	for _, s := range c.Link.Sessions() {
		if s.Expired {
			expired++
		}
	}
	began := r.env.Record.Now()
	last, _ := c.Link.Session()
	if expired == r.seat(c, key).expired || r.renew(ctx, c, key) != nil {
		return
	}
	r.seat(c, key).expired = expired
	if last.Expired {
		c.record.Record(history.Event{
			Process: history.SessionProcess, Client: c.ID, Type: history.Info, F: history.FMade, Key: key, Value: history.Value(history.Made{Began: began}),
		})
	}
}
