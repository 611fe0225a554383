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
	"github.com/zklab/zklab/internal/base/await"
)

// Action is something that can be done to a server.
type Action string

// The actions; see ensemble.Killer, Stopper and Pauser for what they do.
const (
	Kill   Action = "kill"
	Stop   Action = "stop"
	Start  Action = "start"
	Pause  Action = "pause"
	Resume Action = "resume"
)

// Actions are all actions.
var Actions = []Action{Kill, Pause, Resume, Stop, Start}

// What a server is that has no role. It may be getting one.
const (
	Down       ensemble.Role = "down"
	Paused     ensemble.Role = "paused"
	NotServing ensemble.Role = "not serving" // it runs, and finds no majority
)

// All is every server of the ensemble.
const All = "all"

// Words are what a request can call servers by, beside their numbers.
var Words = []string{string(ensemble.Leader), string(ensemble.Follower), string(ensemble.Observer), All}

// State is a server as it is seen.
type State struct {
	ID   int           `json:"id"`
	Addr string        `json:"addr"`
	Role ensemble.Role `json:"role"`
	// Was is the role before an action.
	Was ensemble.Role `json:"was,omitempty"`
}

// String is a line for people.
func (s State) String() string {
	line := fmt.Sprintf("server %d at %s: %s", s.ID, s.Addr, s.Role)
	if s.Was != "" && s.Was != s.Role {
		line += fmt.Sprintf(" (was %s)", s.Was)
	}
	return line
}

// ErrRequest is a request that makes no sense for this ensemble.
var ErrRequest = errors.New("wrong request")

const (
	askTimeout    = time.Second      // for one server's status
	leaderTimeout = 10 * time.Second // for somebody to lead
	// ServeTimeout is how long a server that was started or resumed is waited for.
	ServeTimeout = 10 * time.Second
	lookAgain    = 20 * time.Millisecond
)

// Controller does what is asked with the servers of an ensemble. Its methods may
// be called from anywhere; actions come one after the other.
type Controller struct {
	ensemble ensemble.Ensemble

	turn sync.Mutex // of actions
	away []State    // servers that actions took away, with the roles they had, latest last
}

// New makes a controller.
func New(e ensemble.Ensemble) *Controller { return &Controller{ensemble: e} }

// Status looks at all servers.
func (c *Controller) Status(ctx context.Context) []State {
	servers := c.ensemble.Servers()
	states := make([]State, len(servers))
	_ = await.All(servers, func(i int, s ensemble.Server) error {
		states[i] = look(ctx, s)
		return nil
	})
	return states
}

// look finds out what a server is. One that is paused or down is not asked: it
// would not answer.
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

// Do does something to servers, and gives what they are then. who is a server's
// number, [All], or a role: leader (who serves alone is one), follower or
// observer. Of several followers it is the one with the lowest number. To start
// and to resume, a role means the server that had it and was taken away last.
//
// A server that was started or resumed is waited for until it serves, unless too
// few others are there for it to.
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

// pick finds the servers that are meant.
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
		return nil, fmt.Errorf("%w: there is no server %d: they are 1 to %d", ErrRequest, id, len(servers))
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

// serving gives a server that has a role now. A leader is waited for: one is being
// elected when the last was just taken away.
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
			return 0, fmt.Errorf("no server is %s, and none can become it without a majority; start or resume other servers first (see zklab ensemble status)", role)
		}
		if await.Sleep(ctx, lookAgain) != nil {
			return 0, fmt.Errorf("no server is %s, and none became it within %s: see zklab ensemble status", role, leaderTimeout)
		}
	}
}

// taken gives the server that had a role and was taken away last, if it still is.
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
	return 0, fmt.Errorf("no server that was %s is %s: see zklab ensemble status", role, how)
}

// note remembers what a server was that was taken away.
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

// settled gives what a server is after an action. One that was started is
// waited for, while it can find a majority.
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

// majority says whether more than half of the servers that vote run, as far as it is known which do.
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

// wasObserver says that a server was an observer when it was taken away.
func (c *Controller) wasObserver(id int) bool {
	return slices.ContainsFunc(c.away, func(s State) bool { return s.ID == id && s.Role == ensemble.Observer })
}
