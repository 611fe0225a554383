package faults

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/zklab/zklab/ensemble"
)

// Nodes says which servers a fault is for.
type Nodes string

// The node specifications. AnyNodes begins with the leader, the most telling
// of them, and then draws among leader, one and majority.
const (
	AnyNodes Nodes = ""
	One      Nodes = "one"
	Minority Nodes = "minority"
	Majority Nodes = "majority"
	Leader   Nodes = "leader"
	All      Nodes = "all"
)

// choose gives the servers that a specification means now.
func (n Nodes) choose(ctx context.Context, e ensemble.Ensemble, rng *rand.Rand) ([]ensemble.Server, error) {
	servers := e.Servers()
	switch n {
	case Leader:
		leader, _, err := ensemble.LeaderOf(ctx, servers)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoTarget, err)
		}
		return []ensemble.Server{leader}, nil
	case One:
		return some(servers, 1, rng), nil
	case Minority:
		return some(servers, max(1, (len(servers)-1)/2), rng), nil
	case Majority:
		return some(servers, len(servers)/2+1, rng), nil
	case All:
		return servers, nil
	}
	return nil, fmt.Errorf("node specification %q is unknown", n)
}

func some(servers []ensemble.Server, n int, rng *rand.Rand) []ensemble.Server {
	var chosen []ensemble.Server
	for _, i := range rng.Perm(len(servers))[:n] {
		chosen = append(chosen, servers[i])
	}
	return chosen
}
