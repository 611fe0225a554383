// Configservice is a service whose configuration can be changed while it runs, for all processes at
// once. See README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

func main() {
	program.Main(program.About{
		Path: "/configservice", Usage: `[flags] serve | set '{"greeting": "hello", "every": "1s"}'`,
		Args: func(args []string) bool {
			return len(args) == 1 && args[0] == "serve" || len(args) == 2 && args[0] == "set"
		},
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	config := recipes.NewConfig(p.Client, p.Path)
	defer p.Close(config)
	if p.Args[0] == "serve" {
		return serve(ctx, p, config)
	}
	return set(ctx, p, config, p.Args[1])
}

// settings holds the values of the configuration.
type settings struct {
	Greeting string `json:"greeting"`
	Every    string `json:"every"`

	every time.Duration
}

// initial holds the settings as long as there is no configuration.
var initial = settings{Greeting: "no greeting yet", every: time.Hour}

func parse(data []byte) (s settings, err error) {
	if err := json.Unmarshal(data, &s); err != nil {
		return s, err
	}
	if s.every, err = time.ParseDuration(s.Every); err == nil && s.every < time.Millisecond {
		err = errors.New("every must be 1ms at least")
	}
	return s, err
}

// set replaces the whole configuration, if the new one is valid, since every process will read it. The
// configuration is one znode, so that no process sees half a change.
func set(ctx context.Context, p *program.Program, config *recipes.Config, text string) error {
	if _, err := parse([]byte(text)); err != nil {
		return program.Usage("not set: %v", err)
	}
	err := config.Set(ctx, []byte(text))
	if errors.Is(err, recipes.ErrUnknown) {
		return fmt.Errorf("%w: set it again", err) // setting it twice does no harm
	}
	if err == nil {
		p.Say("set %s", text)
	}
	return err
}

// serve prints greetings as the configuration says.
func serve(ctx context.Context, p *program.Program, config *recipes.Config) error {
	changes := make(chan settings)
	failed := make(chan error, 1)
	go func() { failed <- follow(ctx, p, config, changes) }()
	now := initial
	for greet := time.NewTicker(now.every); ; {
		select {
		case now = <-changes:
			greet.Reset(now.every)
		case <-greet.C:
			p.Say("%s", now.Greeting)
		case err := <-failed:
			if ctx.Err() != nil {
				p.Say("serves no more")
				return nil
			}
			return err
		}
	}
}

// follow passes on each change. It ignores an invalid configuration, which any client may have written:
// the service goes on with the last valid settings.
func follow(ctx context.Context, p *program.Program, config *recipes.Config, changes chan<- settings) error {
	for watch := config.Watch(); ; {
		next, err := watch.Next(ctx)
		if err != nil {
			return err
		}
		s := initial
		if next.Exists {
			s, err = parse(next.Data)
		}
		if err != nil {
			p.Say("kept what it had, transaction 0x%x cannot be read: %v", next.Zxid, err)
			continue
		}
		p.Say("configured by transaction 0x%x: %q every %s", next.Zxid, s.Greeting, s.every)
		select {
		case changes <- s:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
