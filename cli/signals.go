package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// stopSignals ask for an end: Ctrl-C, kill, and a terminal that was closed.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// interruptible gives a channel that the first of stopSignals closes and a
// context that the second one cancels; a third ends the process, whatever it is
// at. stop ends the watching. doing tells what the first one leads to.
func interruptible(parent context.Context, screen *screen, doing string) (ctx context.Context, interrupt <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stopSignals...)
	first := make(chan struct{})
	go func() {
		for n := 1; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			}
			if n > 1 {
				screen.say("interrupted twice: stopping")
				signal.Stop(signals)
				cancel()
				return
			}
			screen.say("interrupted: %s (interrupt again to stop at once)", doing)
			close(first)
		}
	}()
	return ctx, first, func() {
		signal.Stop(signals)
		cancel()
	}
}

// untilSignal gives a context that the first of stopSignals ends; a second one ends the
// process. stop ends the watching.
func untilSignal() (ctx context.Context, stop func()) {
	notified, unwatch := signal.NotifyContext(context.Background(), stopSignals...)
	ctx, cancel := context.WithCancel(context.Background()) // its cause is no "interrupt signal received"
	context.AfterFunc(notified, func() { unwatch(); cancel() })
	return ctx, func() { unwatch(); cancel() }
}

// interruptedOr is the error of a call, or that of an interrupt that has ended it.
func interruptedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
