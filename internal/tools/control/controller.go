package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/await"
)

// Action is something that a request does to a server.
type Action string

// The actions; ensemble.Killer, Stopper and Pauser document them.
const (
	Kill   Action = "kill"
	Stop   Action = "stop"
	Start  Action = "start"
	Pause  Action = "pause"
	Resume Action = "resume"
)

// Actions lists all actions.
var Actions = []Action{Kill, Pause, Resume, Stop, Start}

// The states of a server without a role. It may be about to get one.
const (
	Down       ensemble.Role = "down"
	Paused     ensemble.Role = "paused"
	NotServing ensemble.Role = "not serving" // it runs, but has no majority
)

// All names every server of the ensemble.
const All = "all"

// Words are the names that a request can use for servers, in addition to their numbers.
var Words = []string{string(ensemble.Leader), string(ensemble.Follower), string(ensemble.Observer), All}

// State is the state of a server.
type State struct {
	ID   int           `json:"id"`
	Addr string        `json:"addr"`
	Role ensemble.Role `json:"role"`
	// Was is the role before an action.
	Was ensemble.Role `json:"was,omitempty"`
}

// String returns the state as a line for people.
func (s State) String() string {
	line := fmt.Sprintf("server %d at %s: %s", s.ID, s.Addr, s.Role)
	if s.Was != "" && s.Was != s.Role {
		line += fmt.Sprintf(" (was %s)", s.Was)
	}
	return line
}

// ErrRequest is the error of a request for a server or an action that the ensemble does not have.
var ErrRequest = errors.New("wrong request")

const (
	askTimeout    = time.Second      // for the status of a server
	leaderTimeout = 10 * time.Second // for the election of a leader
	// ServeTimeout bounds the wait for a server that was started or resumed to serve.
	ServeTimeout = 10 * time.Second
	lookAgain    = 20 * time.Millisecond
)

// Controller performs actions on the servers of an ensemble. It is safe for concurrent use; it does
// one action at a time.
type Controller struct {
	ensemble ensemble.Ensemble

	turn sync.Mutex // held during an action
	away []State    // servers that actions stopped, with their roles before, latest last
}

// New returns a controller for an ensemble.
func New(e ensemble.Ensemble) *Controller { return &Controller{ensemble: e} }

// Status returns the state of all servers. It takes at most about a second.
func (c *Controller) Status(ctx context.Context) []State {
	servers := c.ensemble.Servers()
	states := make([]State, len(servers))
	_ = await.All(servers, func(i int, s ensemble.Server) error {
		states[i] = look(ctx, s)
		return nil
	})
	return states
}

// look returns the state of a server. It does not query a server that is paused or down, which would
// not answer.
func look(ctx context.Context, s ensemble.Server) State {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	state := State{ID: s.ID(), Addr: s.Addr(), Role: NotServing}
	if k, ok := s.(ensemble.Killer); ok {
		if down, err := k.Down(ctx); err == nil && down {
			state.Role = Down
			return state
		}
	}
	if p, ok := s.(ensemble.Pauser); ok {
		if paused, err := p.Paused(ctx); err == nil && paused {
			state.Role = Paused
			return state
		}
	}
	if status, err := s.Status(ctx); err == nil {
		state.Role = status.Role
	}
	return state
}

// Do performs an action on servers, and returns their states afterwards. who is the number of a
// server, [All], or a role: leader (which includes a standalone server), follower or observer. If
// several servers have the role, Do takes the one with the lowest number. For start and resume, a
// role means the server that had it when it was last killed, stopped or paused.
//
// After start and resume, Do waits until the servers serve, for at most [ServeTimeout], unless too
// few other servers run. It returns ErrRequest if there is no such server or action, and the error of
// the first server that fails, with the states of the servers before it.
func (c *Controller) Do(ctx context.Context, action Action, who string) ([]State, error) {
	c.turn.Lock()
	defer c.turn.Unlock()
	if !slices.Contains(Actions, action) {
		return nil, fmt.Errorf("%w: there is no action %q", ErrRequest, action)
	}
	servers, err := c.pick(ctx, action, who)
	if err != nil {
		return nil, err
	}
	var states []State
	for _, s := range servers {
		was := look(ctx, s)
		if err := do(ctx, action, s); err != nil {
			return states, fmt.Errorf("%s server %d: %w", action, s.ID(), err)
		}
		c.note(action, was)
		states = append(states, State{ID: s.ID(), Was: was.Role})
	}
	for i, s := range servers {
		now := c.settled(ctx, action, s)
		now.Was = states[i].Was
		states[i] = now
	}
	return states, nil
}

// pick returns the servers that who names.
func (c *Controller) pick(ctx context.Context, action Action, who string) ([]ensemble.Server, error) {
	servers := c.ensemble.Servers()
	if who == All {
		return servers, nil
	}
	if id, err := strconv.Atoi(who); err == nil {
		for _, s := range servers {
			if s.ID() == id {
				return []ensemble.Server{s}, nil
			}
		}
		return nil, fmt.Errorf("%w: there is no server %d: the servers are 1 to %d", ErrRequest, id, len(servers))
	}
	role := ensemble.Role(who)
	if !slices.Contains(Words, who) {
		return nil, fmt.Errorf("%w: %q is not a server: give %s, or a number from 1 to %d", ErrRequest, who, strings.Join(Words, ", "), len(servers))
	}
	find := c.serving
	if action == Start || action == Resume {
		find = func(ctx context.Context, role ensemble.Role) (int, error) { return c.taken(ctx, action, role) }
	}
	id, err := find(ctx, role)
	if err != nil {
		return nil, err
	}
	return c.pick(ctx, action, strconv.Itoa(id))
}

// serving returns a server that has a role now. It waits for a server to get the role, because the
// others elect a leader after the last one was stopped.
func (c *Controller) serving(ctx context.Context, role ensemble.Role) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	for {
		if role == ensemble.Leader {
			if s, _, err := ensemble.LeaderOf(ctx, c.ensemble.Servers()); err == nil {
				return s.ID(), nil
			}
		} else {
			for _, s := range c.Status(ctx) {
				if s.Role == role {
					return s.ID, nil
				}
			}
			if role == ensemble.Observer || len(c.ensemble.Servers()) == 1 {
				return 0, fmt.Errorf("no server is %s", role)
			}
		}
		if !c.majority(ctx) {
			return 0, fmt.Errorf("no server is %s, and none can become it without a majority; start or resume other servers first (%s)", role, advice.ServerStates.Text())
		}
		if await.Sleep(ctx, lookAgain) != nil {
			return 0, fmt.Errorf("no server is %s, and none became it within %s: %s", role, leaderTimeout, advice.ServerStates.Text())
		}
	}
}

// taken returns the last server that was stopped while it had a role and is still down or paused.
func (c *Controller) taken(ctx context.Context, action Action, role ensemble.Role) (int, error) {
	want, how := Down, "down"
	if action == Resume {
		want, how = Paused, "paused"
	}
	states := c.Status(ctx)
	for _, a := range slices.Backward(c.away) {
		if a.Role != role {
			continue
		}
		for _, s := range states {
			if s.ID == a.ID && s.Role == want {
				return s.ID, nil
			}
		}
	}
	return 0, fmt.Errorf("no server that was %s is %s: %s", role, how, advice.ServerStates.Text())
}

// note keeps the role of a server that was stopped.
func (c *Controller) note(action Action, was State) {
	if action == Start || action == Resume || was.Role == Down || was.Role == Paused || was.Role == NotServing {
		return
	}
	if was.Role == ensemble.Standalone {
		was.Role = ensemble.Leader
	}
	c.away = slices.DeleteFunc(c.away, func(s State) bool { return s.ID == was.ID })
	c.away = append(c.away, was)
}

func do(ctx context.Context, action Action, s ensemble.Server) error {
	killer, kills := s.(ensemble.Killer)
	stopper, stops := s.(ensemble.Stopper)
	pauser, pauses := s.(ensemble.Pauser)
	switch {
	case action == Kill && kills:
		return killer.Kill(ctx)
	case action == Start && kills:
		return killer.Start(ctx)
	case action == Stop && stops:
		return stopper.Stop(ctx)
	case action == Pause && pauses:
		return pauser.Pause(ctx)
	case action == Resume && pauses:
		return pauser.Resume(ctx)
	}
	return errors.New("servers of this ensemble cannot do that")
}

// settled returns the state of a server after an action. If the server was started or resumed,
// settled waits until it serves, while a majority runs.
func (c *Controller) settled(ctx context.Context, action Action, s ensemble.Server) State {
	if action != Start && action != Resume {
		return look(ctx, s)
	}
	ctx, cancel := context.WithTimeout(ctx, ServeTimeout)
	defer cancel()
	for {
		state := look(ctx, s)
		if state.Role != NotServing || !c.majority(ctx) {
			return state
		}
		if await.Sleep(ctx, lookAgain) != nil {
			return state
		}
	}
}

// majority reports whether more than half of the voting servers run. It counts a server as voting
// unless it is known to be an observer.
func (c *Controller) majority(ctx context.Context) bool {
	run, voters := 0, 0
	for _, s := range c.Status(ctx) {
		if s.Role == ensemble.Observer || c.wasObserver(s.ID) {
			continue
		}
		voters++
		if s.Role != Down && s.Role != Paused {
			run++
		}
	}
	return run > voters/2
}

// wasObserver reports whether a server was an observer when it was stopped.
func (c *Controller) wasObserver(id int) bool {
	return slices.ContainsFunc(c.away, func(s State) bool { return s.ID == id && s.Role == ensemble.Observer })
}
