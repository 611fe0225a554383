package shell

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/tools/control"
)

// Lab is an ensemble of the shell's own, with commands that kill, pause and partition its servers.
type Lab struct {
	Ensemble interface {
		ensemble.Ensemble
		ensemble.Partitioner
		// ExpireSession ends a session of any client.
		ExpireSession(ctx context.Context, session int64) error
	}
	Control *control.Controller
}

func (s *Shell) servers(ctx context.Context, _ []string) error {
	return s.emit(serversResult{s.Lab.Control.Status(ctx)})
}

func (s *Shell) heal(ctx context.Context, _ []string) error { return s.Lab.Ensemble.Heal(ctx) }

func (s *Shell) expire(ctx context.Context, args []string) error {
	id, err := s.Client.Session().ID, error(nil)
	if len(args) > 0 {
		id, err = parseSession(args[0])
	}
	if err == nil {
		err = s.Lab.Ensemble.ExpireSession(ctx, id)
	}
	return err
}

func serverCommand(action control.Action, short string) *command {
	return &command{
		name: string(action), args: "SERVER...", short: short + " (leader, follower, all, or a number)", lab: true, least: 1, most: -1,
		values: []string{"leader", "follower", "all", "1", "2", "3"},
		do: func(s *Shell, ctx context.Context, args []string) error {
			for _, who := range args {
				states, err := s.Lab.Control.Do(ctx, action, who)
				if errors.Is(err, control.ErrRequest) {
					return usagef("%s", strings.TrimPrefix(err.Error(), control.ErrRequest.Error()+": "))
				}
				if err != nil {
					return err
				}
				if err := s.emit(serversResult{states}); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

type serversResult struct {
	Servers []control.State `json:"servers"`
}

func (r serversResult) text(p *page) {
	for _, s := range r.Servers {
		p.printf("%s\n", s)
	}
}

// partition cuts the links between the named servers and all others, in both directions.
func (s *Shell) partition(ctx context.Context, args []string) error {
	servers := s.Lab.Ensemble.Servers()
	var side []int
	for _, arg := range args {
		id, err := strconv.Atoi(arg)
		if err != nil || id < 1 || id > len(servers) {
			return usagef("partition: no server %s: the servers are 1 to %d", quote(arg), len(servers))
		}
		side = append(side, id)
	}
	for _, in := range side {
		for _, other := range servers {
			if slices.Contains(side, other.ID()) {
				continue
			}
			if err := errors.Join(s.Lab.Ensemble.Cut(ctx, in, other.ID()), s.Lab.Ensemble.Cut(ctx, other.ID(), in)); err != nil {
				return err
			}
		}
	}
	return nil
}
