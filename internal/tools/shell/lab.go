package shell

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/tools/control"
)

// Lab is an ensemble that is the shell's own, whose servers can be harmed.
type Lab struct {
	Ensemble interface {
		ensemble.Ensemble
		ensemble.Partitioner
		// ExpireSession ends a session of anybody's.
		ExpireSession(ctx context.Context, session int64) error
	}
	Control *control.Controller
}

var labbing = []*command{
	serverCommand(control.Kill, "kill a server, as SIGKILL does"),
	serverCommand(control.Pause, "freeze a server: its connections stay open, it answers nothing"),
	serverCommand(control.Resume, "let a paused server go on"),
	serverCommand(control.Stop, "stop a server in good order"),
	serverCommand(control.Start, "start a server that is down, with the data that it had"),
	{
		name: "servers", short: "print how the servers are", lab: true,
		bind: func(*pflag.FlagSet) run {
			return func(ctx context.Context, s *Shell, _ []string) error {
				return s.emit(serversResult{s.Lab.Control.Status(ctx)})
			}
		},
	},
	{
		name: "partition", args: "SERVER...", short: "cut servers off from all the others, numbers of one side", lab: true, least: 1, most: -1, values: []string{"1", "2", "3"},
		bind: func(*pflag.FlagSet) run {
			return func(ctx context.Context, s *Shell, args []string) error { return s.Lab.partition(ctx, args) }
		},
	},
	{
		name: "heal", short: "undo all partitions", lab: true,
		bind: func(*pflag.FlagSet) run {
			return func(ctx context.Context, s *Shell, _ []string) error { return s.Lab.Ensemble.Heal(ctx) }
		},
	},
	{
		name: "expire", args: "[SESSION]", short: "end a session; without SESSION that of this shell", lab: true, most: 1, values: []string{},
		bind: func(*pflag.FlagSet) run {
			return func(ctx context.Context, s *Shell, args []string) error {
				id, err := s.Client.Session().ID, error(nil)
				if len(args) > 0 {
					id, err = parseSession(args[0])
				}
				if err == nil {
					err = s.Lab.Ensemble.ExpireSession(ctx, id)
				}
				return err
			}
		},
	},
}

func serverCommand(action control.Action, short string) *command {
	return &command{
		name: string(action), args: "SERVER...", short: short + ": leader, follower, all, or a number", lab: true, least: 1, most: -1,
		values: []string{"leader", "follower", "all", "1", "2", "3"},
		bind: func(*pflag.FlagSet) run {
			return func(ctx context.Context, s *Shell, args []string) error {
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
			}
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

// partition cuts the links between those that are named and all others, both ways.
func (l *Lab) partition(ctx context.Context, args []string) error {
	var side []int
	for _, arg := range args {
		id, err := strconv.Atoi(arg)
		if err != nil || id < 1 || id > len(l.Ensemble.Servers()) {
			return usagef("partition: %s is no server: there are 1 to %d", quote(arg), len(l.Ensemble.Servers()))
		}
		side = append(side, id)
	}
	for _, in := range side {
		for _, s := range l.Ensemble.Servers() {
			if slices.Contains(side, s.ID()) {
				continue
			}
			if err := errors.Join(l.Ensemble.Cut(ctx, in, s.ID()), l.Ensemble.Cut(ctx, s.ID(), in)); err != nil {
				return err
			}
		}
	}
	return nil
}
