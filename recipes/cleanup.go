package recipes

import (
	"context"
	"log/slog"
)

// background runs f in the background; f must end when its context does. By refused f says
// what came of its last request: those who wait for it are not kept while a server refuses
// what it asks for.
func (r *recipe) background(f func(ctx context.Context, refused func(error))) {
	groups := []*tasks{&r.s.tasks, &r.cleanUps}
	for _, group := range groups {
		group.add()
	}
	ctx := r.s.withTurn(r.s.ctx)
	go func() {
		is := false
		refused := func(err error) {
			if was := is; was != isRefusal(err) {
				if is = !was; is {
					r.s.tell(slog.LevelWarn, "clean-up is refused", "error", err)
				}
				for _, group := range groups {
					group.refused(is, err)
				}
			}
		}
		defer func() {
			refused(nil)
			r.s.counters.cleanUps.Add(1)
			for _, group := range groups {
				group.done()
			}
		}()
		f(ctx, refused)
	}()
}

// cleanUp tries in the background, once after is closed (nil: at once), in
// whichever session there is, until try succeeds or the session is closed.
func (r *recipe) cleanUp(after <-chan struct{}, try func(ctx context.Context, z *zkSession) error) {
	r.background(func(ctx context.Context, refused func(error)) {
		if after != nil {
			select {
			case <-after:
			case <-ctx.Done():
				return
			}
		}
		var b backoff
		for {
			z, err := r.s.awaitSession(ctx)
			if err != nil {
				return
			}
			if err = try(ctx, z); err == nil {
				return
			}
			refused(err)
			b.pause(ctx)
		}
	})
}
