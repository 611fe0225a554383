package workloads

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// instant is a subject that answers all calls at once, with answers that end no wait. It
// ends a loop that calls it again and again without a pause, which would never end in
// virtual time.
type instant struct {
	err   error
	calls atomic.Int64
	stop  context.CancelFunc
}

func (h *instant) call() error {
	if h.calls.Add(1) == 20_000 {
		h.stop()
	}
	return h.err
}

func (h *instant) Set(context.Context, string) error         { return h.call() }
func (h *instant) Delete(context.Context) error              { return h.call() }
func (h *instant) Join(context.Context, string) error        { return h.call() }
func (h *instant) Leave(context.Context) error               { return h.call() }
func (h *instant) Members(context.Context) ([]string, error) { return []string{"m"}, nil }
func (h *instant) Changed(context.Context) ([]string, error) { return []string{"nobody"}, h.call() }
func (h *instant) Next(context.Context) (models.Setting, error) {
	return models.Setting{Value: "old"}, h.call()
}

// With a subject that answers at once, the end of a run neither loops without a pause nor
// lasts for ever.
func TestEndsWithHastySubjects(t *testing.T) {
	for name, start := range map[string]func(ctx context.Context, env *Env, h *instant) func(){
		"config": func(ctx context.Context, env *Env, h *instant) func() {
			run := must.Get(Config{func(*subjects.Client, string) (subjects.Config, error) { return h, nil }}.Start(ctx, env))(t)
			for _, looked := range run.(*configRun).looked {
				looked[env.Key(0)] = true // this client is not asked for a sign of life
			}
			return func() { run.(*configRun).told(ctx, 0, "last", func(*Client) {}) }
		},
		"membership": func(ctx context.Context, env *Env, h *instant) func() {
			run := must.Get(Membership{func(*subjects.Client, string) (subjects.Group, error) { return h, nil }}.Start(ctx, env))(t)
			run.(*membershipRun[subjects.Group]).in[0][env.Key(0)] = joined{member: "m"}
			return func() { run.(*membershipRun[subjects.Group]).settle(ctx, func(*Client, string) error { return nil }) }
		},
	} {
		for what, err := range map[string]error{"old news": nil, "errors": harmless(true)} {
			t.Run(name+"/"+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					d := newDesk(t, 2)
					env := d.env()
					env.Keys = 1
					h := &instant{err: err, stop: cancel}
					start(ctx, env, h)()
					if ctx.Err() != nil || h.calls.Load() > 1000 {
						t.Errorf("%d calls in %s, of a bound of %s", h.calls.Load(), env.Record.Now(), env.Bound)
					}
				})
			})
		}
	}
}
