package plan

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/link"
)

// atPoint is a step that waits for its message.
type atPoint struct {
	numbered
	stop *link.Breakpoint // nil if there is no such client
}

// breakAt sets the breakpoint of a step.
func (p *Player) breakAt(n numbered) atPoint {
	for _, c := range p.target.Clients {
		if c.ID == n.Point.Client {
			return atPoint{n, c.Link.Break(n.Point)}
		}
	}
	return atPoint{numbered: n}
}

// await plays a step when its message comes. If the message never comes, which is known when ctx ends
// or Enough is called, the step had no target.
func (p *Player) await(ctx context.Context, at atPoint) error {
	if at.stop == nil {
		p.skip(at.numbered, fmt.Errorf("there is no client %d, but %d from 0: %w", at.Point.Client, len(p.target.Clients), faults.ErrNoTarget))
		return nil
	}
	defer at.stop.Clear()
	select {
	case stopped := <-at.stop.Reached():
		return p.play(ctx, at.numbered, stopped)
	case <-p.enough:
	case <-ctx.Done():
	}
	p.skip(at.numbered, fmt.Errorf("%s never came: %w", at.Point, faults.ErrNoTarget))
	return nil
}

// skip records a step that had no target.
func (p *Player) skip(n numbered, why error) {
	say := p.teller(n)
	p.begin(say, n.Step)
	say(history.StepSkipped, history.FaultStep{Detail: why.Error()})
}
