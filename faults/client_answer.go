package faults

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/link"
)

// atAnswer stops the first answer that shows a client a znode of such an owner, acts on the client, and
// lets the answer go on. It waits for as long as the fault is meant to last.
func atAnswer(ctx context.Context, t *Target, of link.Owners, do action) (*victim, link.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, min(t.Lasts, Patience/2))
	defer cancel()
	stops := make(chan stop)
	for _, c := range t.Clients {
		b := c.Link.BreakAnswer(of)
		defer b.Clear()
		go stopOnce(ctx, c, b, stops)
	}
	for {
		select {
		case s := <-stops:
			v, err := hitOne(t, s.client, do)
			s.at.Resume()
			if v != nil || err != nil {
				return v, s.at.Answer(), err
			}
			// another fault has this client
		case <-ctx.Done():
			return nil, link.Answer{}, fmt.Errorf("no client was shown a znode of %s within %s: %w", of, t.Lasts, ErrNoTarget)
		}
	}
}

// stop is an answer to a client that is stopped.
type stop struct {
	client Client
	at     *link.Stopped
}

// stopOnce passes on the answer that a breakpoint stops, or lets it go on if ctx has ended.
func stopOnce(ctx context.Context, c Client, b *link.Breakpoint, stops chan<- stop) {
	select {
	case at := <-b.Reached():
		select {
		case stops <- stop{c, at}:
		case <-ctx.Done():
			at.Resume()
		}
	case <-ctx.Done():
	}
}
