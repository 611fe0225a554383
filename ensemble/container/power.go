package container

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// stopTimeout is how long a server has to end after SIGTERM. Java takes some
// hundred milliseconds.
const stopTimeout = 10 * time.Second

// Kill ends the server's process at once. A paused server is killed while it is frozen: the signal is
// there before the engine thaws it, so it does nothing any more.
func (s *server) Kill(ctx context.Context) error { return s.asked(ctx, s.kill, true) }

// kill kills the server. The caller has the turn.
func (s *server) kill(ctx context.Context) error {
	return s.end(ctx, "kill", func(ctx context.Context) error {
		_, err := s.cluster.engine.Client().ContainerKill(ctx, s.container().ID, client.ContainerKillOptions{Signal: "KILL"})
		return err
	})
}

// Stop ends the server in good order. One that takes no notice is killed after
// some seconds, and that is an error. A paused one goes on for it.
func (s *server) Stop(ctx context.Context) error { return s.asked(ctx, s.stop, true) }

// stop stops the server. The caller has the turn.
func (s *server) stop(ctx context.Context) error {
	forced := false
	err := s.end(ctx, "stop", func(ctx context.Context) error {
		patience := stopTimeout
		if err := s.container().Stop(ctx, &patience); err != nil {
			return err
		}
		state, err := s.look(ctx)
		forced = err == nil && state.ExitCode == exitOf(syscall.SIGKILL)
		return err
	})
	if err == nil && forced {
		return fmt.Errorf("stop server %d: it did not end within %s of SIGTERM, and was killed", s.id, stopTimeout)
	}
	return err
}

// exitOf returns a container's exit code when a signal ended it.
func exitOf(signal syscall.Signal) int { return 128 + int(signal) }

// Start starts the server again, with its address, port and files.
func (s *server) Start(ctx context.Context) error { return s.asked(ctx, s.start, false) }

// start starts the server if it is down. The caller has the turn.
func (s *server) start(ctx context.Context) error {
	if down, err := s.Down(ctx); err != nil || !down {
		return err
	}
	err := s.container().Start(ctx)
	switch {
	case err == nil:
		return s.rejoin(ctx)
	case isPortTaken(err):
		return fmt.Errorf("start server %d: %w: another process took %s while the server was down: free it, and start again", s.id, ErrPortTaken, s.addr)
	}
	return engineErr(fmt.Sprintf("start server %d", s.id), err)
}

// rejoin applies the faults between servers to the network of a server that was just started. If that
// fails, it ends the server again. Cuts need no haste: the other end of each link was closed all the
// time. Loss and delay begin some hundred milliseconds after the start.
func (s *server) rejoin(ctx context.Context) error {
	err := s.enforce(ctx)
	if err == nil {
		return nil
	}
	ctx, cancel := afresh(ctx)
	defer cancel()
	_, killErr := s.cluster.engine.Client().ContainerKill(ctx, s.container().ID, client.ContainerKillOptions{Signal: "KILL"})
	return fmt.Errorf("start server %d: %w", s.id, all(err, killErr, s.dropGate()))
}

// asked takes a step and remembers whether the server is meant to be down now.
func (s *server) asked(ctx context.Context, step func(context.Context) error, down bool) error {
	return s.cluster.change(ctx, func(ctx context.Context) error {
		err := step(ctx)
		if err == nil {
			s.ended = down
		}
		return err
	})
}

// Down asks the engine. A server whose process ended by itself is down, too.
func (s *server) Down(ctx context.Context) (bool, error) {
	state, err := s.look(ctx)
	if err != nil {
		return false, err
	}
	return !state.Running, nil
}

// end brings a server down, and waits until it is. The caller has the turn.
func (s *server) end(ctx context.Context, how string, do func(context.Context) error) error {
	if down, err := s.Down(ctx); err != nil || down {
		return err
	}
	err := do(ctx)
	if err != nil {
		err = s.endThawed(ctx, err, do)
	}
	if err == nil {
		err = s.awaitDown(ctx)
	}
	if down, lookErr := s.Down(ctx); lookErr == nil && down {
		return s.dropGate() // whoever ended it
	}
	if err != nil {
		return engineErr(fmt.Sprintf("%s server %d", how, s.id), err)
	}
	return nil
}

// endThawed ends a paused server on engines that refuse to end one: it resumes the server first, which
// acts until the signal arrives.
func (s *server) endThawed(ctx context.Context, refused error, do func(context.Context) error) error {
	if paused, err := s.Paused(ctx); err != nil || !paused {
		return refused
	}
	if err := s.Resume(ctx); err != nil {
		return errors.Join(refused, err)
	}
	return do(ctx)
}

func (s *server) awaitDown(ctx context.Context) error {
	wait := s.cluster.engine.Client().ContainerWait(ctx, s.container().ID, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case <-wait.Result:
		return nil
	case err := <-wait.Error:
		return err
	}
}

// look asks the engine for the state of the server's container.
func (s *server) look(ctx context.Context) (*container.State, error) {
	if s.cluster.engine == nil {
		return nil, errSketch
	}
	state, err := s.container().State(ctx)
	switch {
	case errdefs.IsNotFound(err):
		return nil, fmt.Errorf("server %d: %w", s.id, errGone)
	case err != nil:
		return nil, engineErr(fmt.Sprintf("look at server %d", s.id), err)
	}
	return state, nil
}

// errGone is the error after Close, or if another program removed the container.
var errGone = errors.New("its container is gone: the ensemble was closed, or the container was removed")
