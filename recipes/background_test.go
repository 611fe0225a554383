package recipes

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Background tasks end when the client is closed, even if the recipe is not closed, and even
// if a task is pausing between two tries at that moment.
func TestBackgroundEndsWithTheSession(t *testing.T) {
	refuses := func(string, string) fault { return refused }
	ended := func(c <-chan struct{}) func(context.Context) { return func(context.Context) { <-c } }
	for name, begin := range map[string]func(*testing.T, *fake, *Client) (wait func(context.Context)){
		"group": func(t *testing.T, f *fake, cl *Client) func(context.Context) {
			g := NewGroup(cl, "/x")
			must(t, g.Join(t.Context(), nil))
			f.fail(refuses)
			f.expire()
			return ended(g.seat.Has.done)
		},
		"cache": func(t *testing.T, f *fake, cl *Client) func(context.Context) {
			f.fail(refuses)
			c := NewCache(cl, "/x")
			must(t, c.Start())
			return func(ctx context.Context) { must(t, c.r.Calls.Wait(ctx)) }
		},
		"picker": func(_ *testing.T, f *fake, cl *Client) func(context.Context) {
			f.fail(refuses)
			return ended(NewService(cl, "/x").Picker(nil).done)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, cl := newTree().connectOpen(fakeTimeout)
				wait := begin(t, f, cl)
				time.Sleep(fakeTimeout)   // pauses are long by then
				_ = cl.Close(t.Context()) // clean-ups are refused
				closed := time.Now()
				wait(t.Context())
				if more := time.Since(closed); more > 0 {
					t.Errorf("it went on for %v", more)
				}
			})
		})
	}
}
