package wrong

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/ownsession"
	"github.com/zklab/zklab/subjects"
)

// remembered is a configuration that reads when it is made, in a session that it then closes. Its first
// call of Next opens another session to watch in. It still begins with what the first one read.
type remembered struct {
	subjects.Config // makes changes, on the client's connection
	*base
	watch  subjects.Config // nil before the first call
	memory *models.Setting // nil once it was returned
}

func newRemembered(b *base) (subjects.Config, error) {
	changes, err := subjects.NewConfig(b.Client, b.path)
	if err != nil {
		return nil, err
	}
	conn, _, err := b.Connect()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	data, _, err := conn.Get(b.path)
	absent := errors.Is(err, zk.ErrNoNode)
	if err != nil && !absent {
		return nil, err
	}
	return &remembered{Config: changes, base: b, memory: &models.Setting{Value: string(data), Absent: absent}}, nil
}

func (c *remembered) Next(ctx context.Context) (models.Setting, error) {
	if c.watch == nil {
		own, err := ownsession.Open(c.Client)
		if err != nil {
			return models.Setting{}, subjects.WithoutEffect(err)
		}
		c.BeforeEnd(func(ctx context.Context) { _ = own.Close(ctx) })
		if c.watch, err = subjects.NewConfig(own, c.path); err != nil {
			return models.Setting{}, subjects.WithoutEffect(err)
		}
	}
	now, err := c.watch.Next(ctx)
	if memory := c.memory; err == nil && memory != nil {
		c.memory = nil
		if !c.right {
			return *memory, nil
		}
	}
	return now, err
}
