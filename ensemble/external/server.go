package external

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/ensemble"
)

// server is one server that zklab did not start, and what commands did to it.
type server struct {
	ensemble *cluster
	id       int
	addr     string
	values   *strings.Replacer
	word     atomic.Pointer[string] // which of statusWords it answers; "": none, nil: not known yet

	changing *semaphore.Weighted // what follows: commands go one after the other
	state    state
	unsure   bool // the last command failed: perhaps it did something
	reached  bool // commands reach it: that was proved, or one has silenced it
}

// state is the state into which commands have brought a server.
type state int

const (
	running state = iota
	frozen
	down
)

// ID returns the server's place in the Config, from 1.
func (s *server) ID() int { return s.id }

// Addr returns the address that clients connect to.
func (s *server) Addr() string { return s.addr }

// statusWords are the four-letter words that report what a server is. Every Apache server answers the
// first; others know only the second, or none.
var statusWords = []string{"srvr", "stat"}

// Status asks the server, with srvr or stat. One that has answered neither is asked to open
// a session.
func (s *server) Status(ctx context.Context) (ensemble.Status, error) {
	if word := s.word.Load(); word != nil && *word != "" {
		return ensemble.AskStatusBy(ctx, s.ensemble.Dial, s.addr, *word)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var untold error
	if s.word.Load() == nil {
		status, err := s.firstStatus(ctx)
		if err == nil || errors.Is(err, ensemble.ErrNotServing) || ensemble.Unreachable(err) {
			return status, err
		}
		untold = err
	}
	if _, err := ensemble.Serves(ctx, s.ensemble.Dial, s.addr, shortSession); err != nil {
		if untold != nil && !errors.Is(untold, ensemble.ErrNoWord) {
			err = untold
		}
		return ensemble.Status{}, err
	}
	s.word.Store(new(string))
	return ensemble.Status{Role: ensemble.Untold}, nil
}

// firstStatus finds out which word the server answers.
func (s *server) firstStatus(ctx context.Context) (status ensemble.Status, err error) {
	for _, word := range statusWords {
		status, err = ensemble.AskStatusBy(ctx, s.ensemble.Dial, s.addr, word)
		switch {
		case err == nil:
			s.word.Store(&word)
			return status, nil
		case errors.Is(err, ensemble.ErrNotServing), ensemble.Unreachable(err):
			return status, err
		}
	}
	return status, err
}

// learn sees whether the server is silent to words and opens sessions all the same. Later, who
// is silent is paused.
func (s *server) learn(ctx context.Context) {
	words, cancel := context.WithTimeout(ctx, answerTimeout/2)
	defer cancel()
	if _, err := s.firstStatus(words); err == nil || words.Err() == nil {
		return
	}
	ctx, cancel = context.WithTimeout(ctx, answerTimeout/2)
	defer cancel()
	if _, err := ensemble.Serves(ctx, s.ensemble.Dial, s.addr, shortSession); err == nil {
		s.word.Store(new(string))
	}
}

const (
	// answerTimeout bounds a look at a server that does not answer.
	answerTimeout = 5 * time.Second
	// shortSession is asked for where a session is opened only to see whether it can be.
	shortSession = 4 * time.Second
)

var errSketch = errors.New("this ensemble is only a description: it does nothing to its servers")

// change lets one command at a time change what the server is.
func (s *server) change(ctx context.Context, step func() error) error {
	if s.ensemble.sketch {
		return errSketch
	}
	if s.changing.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	defer s.changing.Release(1)
	return step()
}

// become runs a command after which the server is in a state, and which another one undoes.
func (s *server) become(ctx context.Context, next state, command, undo string) error {
	if err := s.ensemble.harmed.add(s.addr, s.values.Replace(undo)); err != nil {
		return err
	}
	within := answerTimeout
	if next == frozen {
		within = 4 * silence // it has nothing to end before
	}
	err := s.harm(ctx, s.values.Replace(command), within)
	s.state, s.unsure = next, err != nil
	return err
}

// back runs a command that undoes another. It may fail where the other has done nothing,
// or where a manager has started the server meanwhile: then the server answers.
func (s *server) back(ctx context.Context, command string) error {
	err := run(ctx, s.values.Replace(command))
	if err != nil && s.answers(ctx) {
		err = nil
	}
	if err == nil {
		s.state, s.unsure = running, false
		err = s.ensemble.harmed.remove(s.addr)
	}
	return err
}

func (s *server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	_, err := s.Status(ctx)
	return err == nil || errors.Is(err, ensemble.ErrNotServing)
}

// Pause runs the command for it.
func (s *server) Pause(ctx context.Context) error {
	return s.change(ctx, func() error {
		if err := s.ensemble.Lacks(ensemble.CanPause); err != nil {
			return err
		}
		switch {
		case s.state == down:
			return errors.New("it is down")
		case s.state == frozen && !s.unsure:
			return nil
		}
		return s.become(ctx, frozen, s.ensemble.config.Commands.Pause, s.ensemble.config.Commands.Resume)
	})
}

// Resume runs the command for it, of a server that was paused.
func (s *server) Resume(ctx context.Context) error {
	return s.change(ctx, func() error { return s.resume(ctx) })
}

func (s *server) resume(ctx context.Context) error {
	if s.state != frozen {
		return nil
	}
	return s.back(ctx, s.ensemble.config.Commands.Resume)
}

// silence is how long a server that was paused must leave a question unanswered: long
// enough for an answer from far away.
const silence = 500 * time.Millisecond

// Paused checks from outside whether the command had its effect.
func (s *server) Paused(ctx context.Context) (paused bool, err error) {
	err = s.change(ctx, func() error { paused = s.state == frozen; return nil })
	if !paused || err != nil {
		return false, err
	}
	look, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	if _, err := s.Status(look); err == nil || errors.Is(err, ensemble.ErrNotServing) {
		return false, errors.New("it answers, although the pause command succeeded")
	}
	return true, ctx.Err()
}

// Kill runs the command for it.
func (s *server) Kill(ctx context.Context) error {
	return s.change(ctx, func() error {
		if err := s.ensemble.Lacks(ensemble.CanKill); err != nil {
			return err
		}
		return s.end(ctx, s.ensemble.config.Commands.Kill)
	})
}

// Stop runs the command for it. A paused server goes on first, to take notice.
func (s *server) Stop(ctx context.Context) error {
	return s.change(ctx, func() error {
		if err := s.ensemble.Lacks(ensemble.CanStop); err != nil {
			return err
		}
		if err := s.resume(ctx); err != nil {
			return fmt.Errorf("resume it first: %w", err)
		}
		return s.end(ctx, s.ensemble.config.Commands.Stop)
	})
}

func (s *server) end(ctx context.Context, command string) error {
	if s.state == down && !s.unsure {
		return nil
	}
	return s.become(ctx, down, command, s.ensemble.config.Commands.Start)
}

// Start runs the command for it, of a server that was killed or stopped.
func (s *server) Start(ctx context.Context) error {
	return s.change(ctx, func() error {
		if s.state != down {
			return nil
		}
		return s.back(ctx, s.ensemble.config.Commands.Start)
	})
}

// Down reports whether the server was killed or stopped, and not started since.
func (s *server) Down(ctx context.Context) (is bool, err error) {
	err = s.change(ctx, func() error { is = s.state == down; return nil })
	return is, err
}

// restore undoes the harm to all servers at once.
func (e *cluster) restore() error {
	if e.sketch {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*commandTimeout)
	defer cancel()
	errs := make(chan error, len(e.servers))
	for _, s := range e.servers {
		go func() {
			err := errors.Join(s.Resume(ctx), s.Start(ctx))
			if err != nil {
				err = fmt.Errorf("server %d at %s was left paused or down: %w", s.id, s.addr, err)
			}
			errs <- err
		}()
	}
	var all []error
	for range e.servers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
