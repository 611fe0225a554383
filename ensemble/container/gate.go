package container

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/moby/moby/api/types/container"
)

//go:embed network.sh
var networkCommands string

// gate lets packets in and out of one running server: it is a helper that shares the server's network,
// and the commands that the helper got.
type gate struct {
	*helper
	since         string // when the server was started: the next time it has another network
	rules, queues string
}

// noRules and noQueues are the settings with which a helper begins.
var noRules, noQueues = links{}.commands(0, subnet{})

// enforce applies the faults between servers to this server's network, if it runs. It starts the
// server's helper when there is something to do.
func (s *server) enforce(ctx context.Context) error {
	state, err := s.look(ctx)
	if err != nil {
		return err
	}
	if !state.Running || s.gate != nil && s.gate.since != state.StartedAt {
		if err := s.dropGate(); err != nil || !state.Running {
			return err
		}
	}
	rules, queues := s.cluster.links.commands(s.id, s.cluster.subnet)
	if s.gate == nil && rules == noRules && queues == noQueues && !s.cluster.gated && s.doubted != state.StartedAt {
		return nil
	}
	had := s.gate != nil
	err = s.tell(ctx, state.StartedAt, rules, queues)
	if err == nil || errors.As(err, new(refusal)) || s.gate == nil {
		return err
	}
	// The helper is useless now, for whatever reason. Its effects may still be there, until the next
	// one undoes them.
	s.doubted = state.StartedAt
	if dropErr := s.dropGate(); dropErr != nil || !had || ctx.Err() != nil {
		return all(err, dropErr)
	}
	return s.tell(ctx, state.StartedAt, rules, queues)
}

// tell makes the server's helper apply the wanted rules and queues.
func (s *server) tell(ctx context.Context, since, rules, queues string) error {
	if s.gate == nil {
		if err := s.openGate(ctx, since); err != nil {
			return fmt.Errorf("server %d: %w", s.id, err)
		}
	}
	if rules != s.gate.rules {
		if _, err := s.gate.ask(ctx, rules); err != nil {
			return fmt.Errorf("server %d: %w", s.id, err)
		}
		s.gate.rules = rules
	}
	if queues != s.gate.queues {
		s.gate.queues = noQueues // when it refuses
		if _, err := s.gate.ask(ctx, queues); err != nil {
			return fmt.Errorf("server %d: %w", s.id, err)
		}
		s.gate.queues = queues
	}
	return nil
}

// openGate starts a helper in the server's network.
func (s *server) openGate(ctx context.Context, since string) error {
	s.gates++
	h, err := startNetworkHelper(ctx, s.cluster.engine, networkHelper{
		name: fmt.Sprintf("zklab-%s-%d-net%d", s.cluster.run.id, s.id, s.gates), image: s.cluster.helperImage,
		network: "container:" + s.container().ID, labels: s.cluster.run.labels(0),
	})
	if err != nil {
		return err
	}
	s.gate = &gate{helper: h, since: since, rules: noRules, queues: noQueues}
	s.doubted = ""
	return nil
}

// dropGate removes the helper from a network that is gone with its server, or
// that the next helper will put in order.
func (s *server) dropGate() error {
	if s.gate == nil {
		return nil
	}
	err := s.gate.drop()
	s.gate = nil
	return err
}

// networkHelper is a helper for the network of a container, or for "none".
type networkHelper struct {
	name, image, network string
	labels               map[string]string
}

func startNetworkHelper(ctx context.Context, engine engine, spec networkHelper) (*helper, error) {
	return startHelper(ctx, engine, helperSpec{
		name: spec.name, image: spec.image, commands: networkCommands, labels: spec.labels,
		host: container.HostConfig{NetworkMode: container.NetworkMode(spec.network), CapAdd: []string{"NET_ADMIN"}},
	})
}
