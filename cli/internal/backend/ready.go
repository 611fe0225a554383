package backend

import (
	"context"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/external"
)

// Ready returns an error if an ensemble can certainly not be used: its image is absent, no Docker engine answers, or
// the servers of an external ensemble do not serve. It starts nothing.
func Ready(ctx context.Context, s ensemble.Starter) error {
	switch c := s.(type) {
	case container.Config:
		return container.Ready(ctx, c)
	case external.Config:
		e, err := c.Start(ctx)
		if err != nil {
			return err
		}
		return e.Close()
	}
	return nil
}
