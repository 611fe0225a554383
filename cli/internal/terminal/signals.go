package terminal

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// StopSignals ask for an end: Ctrl-C, kill, and a terminal that was closed.
var StopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// Interruptible returns a channel that the first of StopSignals closes, and a context that the
// second one cancels; a third ends the process, whatever it is doing. stop ends the watching. doing
// says what the first signal leads to.
func Interruptible(parent context.Context, screen *Screen, doing string) (ctx context.Context, interrupt <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, StopSignals...)
	first := make(chan struct{})
	go func() {
		for n := 1; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			}
			if n > 1 {
				screen.Say("interrupted twice: stopping")
				signal.Stop(signals)
				cancel()
				return
			}
			screen.Say("interrupted: %s (interrupt again to stop at once)", doing)
			close(first)
		}
	}()
	return ctx, first, func() {
		signal.Stop(signals)
		cancel()
	}
}

// UntilSignal returns a context that the first of StopSignals ends; a second one ends the process.
// stop ends the watching.
func UntilSignal() (ctx context.Context, stop func()) {
	notified, unwatch := signal.NotifyContext(context.Background(), StopSignals...)
	ctx, cancel := context.WithCancel(context.Background()) // unlike notified, without the cause "interrupt signal received"
	context.AfterFunc(notified, func() { unwatch(); cancel() })
	return ctx, func() { unwatch(); cancel() }
}

// InterruptedOr returns the error of a call, or that of the interrupt that has ended it.
func InterruptedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
