package calls

import (
	"context"
	"log/slog"

	"github.com/zklab/zklab/recipes/internal/client"
)

// Background runs f in the background. f must end when its context does. f calls refused with the
// error of its last request: while a server refuses the request, calls that wait for f give up
// waiting.
func (r *Recipe) Background(f func(ctx context.Context, refused func(error))) {
	groups := []*client.Tasks{&r.Client.Tasks, &r.CleanUps}
	for _, group := range groups {
		group.Add()
	}
	ctx := r.Client.WithJitter(r.Client.Context)
	go func() {
		is := false
		refused := func(err error) {
			if was := is; was != client.IsRefusal(err) {
				if is = !was; is {
					r.Client.Tell(slog.LevelWarn, "clean-up is refused", "error", err)
				}
				for _, group := range groups {
					group.Refused(is, err)
				}
			}
		}
		defer func() {
			refused(nil)
			r.Client.Counters.CleanUps.Add(1)
			for _, group := range groups {
				group.Done()
			}
		}()
		f(ctx, refused)
	}()
}

// CleanUp calls try in the background, once after is closed, or at once if it is nil, in whichever
// session there is, until try succeeds or the client is closed.
func (r *Recipe) CleanUp(after <-chan struct{}, try func(ctx context.Context, z *client.Session) error) {
	r.Background(func(ctx context.Context, refused func(error)) {
		if after != nil {
			select {
			case <-after:
			case <-ctx.Done():
				return
			}
		}
		var b client.Backoff
		for {
			z, err := r.Client.AwaitSession(ctx)
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
