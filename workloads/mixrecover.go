package workloads

import "context"

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

// renewOver makes a new subject if a session of the client has expired since the last one was made.
func (r *mixRun) renewOver(ctx context.Context, c *Client, key string) {
	expired := 0
	for _, s := range c.Link.Sessions() {
		if s.Expired {
			expired++
		}
	}
	if expired != r.seat(c, key).expired && r.renew(ctx, c, key) == nil {
		r.seat(c, key).expired = expired
	}
}
