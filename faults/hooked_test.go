package faults_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
)

// hooked is an embedded ensemble of which a hook hears of each harm, before it is
// done; what it answers is returned, although the harm is done. Undoing is not
// hooked.
type hooked struct {
	*embedded.Ensemble
	hook func(what string) error

	mu    sync.Mutex
	calls []string
}

type hookedServer struct {
	*embedded.Server
	of *hooked
}

func (h *hooked) Servers() []ensemble.Server {
	var all []ensemble.Server
	for _, s := range h.Ensemble.Servers() {
		all = append(all, hookedServer{s.(*embedded.Server), h})
	}
	return all
}

// does carries out each harm.
func (h *hooked) does(what string, do func() error) error {
	h.mu.Lock()
	h.calls = append(h.calls, what)
	hook := h.hook
	h.mu.Unlock()
	var told error
	if hook != nil {
		told = hook(what)
	}
	if err := do(); err != nil {
		return err
	}
	return told
}

func (h *hooked) Administrator() (scheme string, credential []byte) {
	_ = h.does("reconfigure", func() error {
		scheme, credential = h.Ensemble.Administrator()
		return nil
	})
	return scheme, credential
}

func (h *hooked) Cut(ctx context.Context, from, to int) error {
	return h.does(fmt.Sprintf("cut %d>%d", from, to), func() error { return h.Ensemble.Cut(ctx, from, to) })
}

func (h *hooked) Delay(ctx context.Context, from, to int, by time.Duration) error {
	if by == 0 {
		return h.Ensemble.Delay(ctx, from, to, by)
	}
	return h.does(fmt.Sprintf("delay %d>%d", from, to), func() error { return h.Ensemble.Delay(ctx, from, to, by) })
}

func (h *hooked) Lose(ctx context.Context, from, to int, share float64) error {
	if share == 0 {
		return h.Ensemble.Lose(ctx, from, to, share)
	}
	return h.does(fmt.Sprintf("lose %d>%d", from, to), func() error { return h.Ensemble.Lose(ctx, from, to, share) })
}

func (s hookedServer) does(what string, do func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		return s.of.does(fmt.Sprint(what, " ", s.ID()), func() error { return do(ctx) })
	}
}

func (s hookedServer) Pause(ctx context.Context) error { return s.does("pause", s.Server.Pause)(ctx) }
func (s hookedServer) Kill(ctx context.Context) error  { return s.does("kill", s.Server.Kill)(ctx) }
func (s hookedServer) Stop(ctx context.Context) error  { return s.does("stop", s.Server.Stop)(ctx) }

func (s hookedServer) SetUpgraded(ctx context.Context, upgraded bool) error {
	if !upgraded {
		return s.Server.SetUpgraded(ctx, upgraded)
	}
	return s.does("upgrade", func(ctx context.Context) error { return s.Server.SetUpgraded(ctx, upgraded) })(ctx)
}

func (s hookedServer) ShiftClock(ctx context.Context, by time.Duration) error {
	if by == 0 {
		return s.Server.ShiftClock(ctx, by)
	}
	return s.does("shift clock", func(ctx context.Context) error { return s.Server.ShiftClock(ctx, by) })(ctx)
}

func (s hookedServer) HoldForces(ctx context.Context, hold bool) error {
	if !hold {
		return s.Server.HoldForces(ctx, hold)
	}
	return s.does("hold forces", func(ctx context.Context) error { return s.Server.HoldForces(ctx, hold) })(ctx)
}

func (s hookedServer) LosePower(ctx context.Context, keep float64) (unforced, lost int, err error) {
	err = s.does("lose power", func(ctx context.Context) (err error) {
		unforced, lost, err = s.Server.LosePower(ctx, keep)
		return err
	})(ctx)
	return unforced, lost, err
}

func (s hookedServer) EmptyDisk(ctx context.Context) error {
	return s.does("empty disk", s.Server.EmptyDisk)(ctx)
}

func (s hookedServer) SlowDisk(ctx context.Context, by time.Duration) error {
	if by == 0 {
		return s.Server.SlowDisk(ctx, by)
	}
	return s.does("slow disk", func(ctx context.Context) error { return s.Server.SlowDisk(ctx, by) })(ctx)
}
