package zkclient

import (
	"context"
	"errors"
	"net"

	"github.com/zklab/zklab/internal/zk/wire"
)

// ErrTakenBack means that a connection was lost once the session had moved to it: its client
// was quicker to take it back.
var ErrTakenBack = errors.New("the session was taken back")

// End takes a session over, and closes it: its ephemerals go, and its client is told that it has
// expired. Errors: [wire.ErrRefused] if the servers know no such session, [ErrTakenBack],
// those of connecting, and that of ctx.
func End(ctx context.Context, dial func(context.Context) (net.Conn, error), session int64) error {
	c, err := Connect(ctx, Config{Dial: dial, Session: wire.Session{ID: session, Password: wire.PasswordOf(session)}})
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Do(ctx, wire.CloseSession, nil); err != nil {
		return ErrTakenBack
	}
	return nil
}
