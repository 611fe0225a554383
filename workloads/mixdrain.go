package workloads

import (
	"context"
	"encoding/json"
)

// drainAll takes out the items of all objects. What was put in and does not come out is lost. If a take may have to
// wait for a dead client, it is called again when the session of that client has ended, by each client, since an item
// may be held up for all but one.
func (r *mixRun) drainAll(ctx context.Context) {
	var all, waiting []*MixedOperation
	for i := range r.Operations {
		o := &r.Operations[i]
		traits := r.Declaration.Model().Operation(o.Name())
		if traits.Takes {
			all = append(all, o)
		}
		if traits.Takes && traits.Waits {
			waiting = append(waiting, o)
		}
	}
	r.drainBy(ctx, all, false)
	if len(waiting) > 0 && pause(ctx, Patience(r.env.Bound)) {
		r.drainBy(ctx, waiting, true)
	}
}

func (r *mixRun) drainBy(ctx context.Context, takes []*MixedOperation, each bool) {
	for i := range r.env.Keys {
		for _, take := range takes {
			r.drain(ctx, r.env.Key(i), take, each)
		}
	}
}

// drain takes items out of an object until a client finds none, or if each is true, until each
// client finds none or fails.
func (r *mixRun) drain(ctx context.Context, key string, take *MixedOperation, each bool) {
	put := 0
	for _, c := range r.env.Clients {
		put += r.seat(c, key).put
	}
	for _, c := range r.env.Clients {
		var answer json.RawMessage
		var err error
		for range put + 1 {
			if answer, err = r.call(ctx, c, 0, take, r.afterwards(c, key, random(r.env, c.ID))); err != nil || noItem(answer) {
				break
			}
		}
		if err == nil && noItem(answer) && !each {
			break
		}
	}
}

// noItem reports whether an answer means that there was no item.
func noItem(answer json.RawMessage) bool {
	return len(answer) == 0 || string(answer) == "null" || string(answer) == `""`
}
