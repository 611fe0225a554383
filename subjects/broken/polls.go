package broken

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
)

// polling takes a number on arrival, and then retries from time to time instead of standing in line.
type polling struct {
	conn   *zk.Conn
	path   string
	ticket int64
}

// Fence returns the number.
func (p *polling) Fence() int64 { return p.ticket }

// until takes a number, and retries until try succeeds or fails.
func (p *polling) until(ctx context.Context, try func(context.Context) (bool, error)) error {
	number, err := p.conn.Create(p.path+"/arrival-", nil, zk.FlagEphemeral|zk.FlagSequence, openACL)
	if err != nil {
		return err
	}
	defer func() { _ = p.conn.Delete(number, -1) }()
	_, stat, err := p.conn.Exists(number)
	if err != nil {
		return err
	}
	p.ticket = stat.Czxid
	for {
		if done, err := try(ctx); done || err != nil {
			return err
		}
		// The draws depend on when the client came, so that they are the same for one seed.
		rng := rand.New(rand.NewPCG(uint64(p.ticket), uint64(time.Now().UnixNano())))
		if err := await.Sleep(ctx, time.Duration(rng.IntN(int(retryPause)))); err != nil {
			return err
		}
	}
}
