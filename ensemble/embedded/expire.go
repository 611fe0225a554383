package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/await"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// ErrNoSession means that the ensemble knows no session with that number.
var ErrNoSession = errors.New("there is no such session")

// betweenTries is how long Expire waits for servers that do not serve.
const betweenTries = 20 * time.Millisecond

// ExpireSession ends a session of anybody's: its ephemerals go, and its client is told that it
// has expired. It takes the session over and closes it, again if the client was quicker to
// take it back; it waits for servers until ctx ends.
func (e *Ensemble) ExpireSession(ctx context.Context, session int64) error {
	known := false
	for {
		for _, s := range e.servers {
			err := e.expireAt(ctx, s.addr, session)
			switch {
			case err == nil, known && errors.Is(err, wire.ErrRefused):
				return nil
			case errors.Is(err, wire.ErrRefused):
				return fmt.Errorf("expire session 0x%x: %w", uint64(session), ErrNoSession)
			case errors.Is(err, zkclient.ErrTakenBack):
				known = true
			}
		}
		if err := await.Sleep(ctx, betweenTries); err != nil {
			return fmt.Errorf("expire session 0x%x: %w", uint64(session), err)
		}
		select {
		case <-e.closed:
			return ErrClosed
		default:
		}
	}
}

func (e *Ensemble) expireAt(ctx context.Context, addr string, session int64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second) // one that is paused says nothing
	defer cancel()
	return zkclient.End(ctx, zkclient.To(e.Dial, addr), session)
}
