package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// ErrNoSession means that the ensemble knows no session with that number.
var ErrNoSession = errors.New("there is no such session")

// betweenTries is how long Expire waits for servers that do not serve.
const betweenTries = 20 * time.Millisecond

// ExpireSession ends a session of any client: its ephemeral znodes are deleted, and its client is told
// that it has expired. It takes the session over and closes it, and does so again if the client was
// quicker to take it back. It waits for servers until ctx ends.
func (e *Ensemble) ExpireSession(ctx context.Context, session int64) error {
	ending := zkclient.Ending{Session: session}
	for {
		for _, s := range e.servers {
			switch done, err := ending.Try(ctx, zkclient.To(e.Dial, s.addr)); {
			case err != nil:
				return fmt.Errorf("expire session 0x%x: %w", uint64(session), ErrNoSession)
			case done:
				return nil
			}
		}
		if err := await.Sleep(ctx, betweenTries); err != nil {
			return fmt.Errorf("expire session 0x%x: %w", uint64(session), err)
		}
		if await.Closed(e.closed) {
			return ErrClosed
		}
	}
}
