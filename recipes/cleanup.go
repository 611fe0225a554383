package recipes

import (
	"context"
	"log/slog"

	"github.com/zklab/zklab/recipes/internal/client"
)

// background runs f in the background; f must end when its context does. By refused f says
// what came of its last request: those who wait for it are not kept while a server refuses
// what it asks for.
func (r *recipe) background(f func(ctx context.Context, refused func(error))) {
	groups := []*client.Tasks{&r.s.Tasks, &r.cleanUps}
	for _, group := range groups {
		group.Add()
	}
	ctx := r.s.WithTurn(r.s.Context)
	go func() {
		is := false
		refused := func(err error) {
			if was := is; was != client.IsRefusal(err) {
				if is = !was; is {
					r.s.Tell(slog.LevelWarn, "clean-up is refused", "error", err)
				}
				for _, group := range groups {
					group.Refused(is, err)
				}
			}
		}
		defer func() {
			refused(nil)
			r.s.Counters.CleanUps.Add(1)
			for _, group := range groups {
				group.Done()
			}
		}()
		f(ctx, refused)
	}()
}

// cleanUp tries in the background, once after is closed (nil: at once), in
// whichever session there is, until try succeeds or the session is closed.
func (r *recipe) cleanUp(after <-chan struct{}, try func(ctx context.Context, z *client.Session) error) {
	r.background(func(ctx context.Context, refused func(error)) {
		if after != nil {
			select {
			case <-after:
			case <-ctx.Done():
				return
			}
		}
		var b client.Backoff
		for {
			z, err := r.s.AwaitSession(ctx)
			if err != nil {
				return
			}
			if err = try(ctx, z); err == nil {
				return
			}
			refused(err)
			b.Pause(ctx)
		}
	})
}
