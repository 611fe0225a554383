package zkclient

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// errTakenBack means that a connection was lost after the session had moved to it: the session's client
// took it back.
var errTakenBack = errors.New("the session was taken back")

// tryFor bounds one try: a server that is paused says nothing.
const tryFor = time.Second

// Ending ends a session of any client: its ephemeral znodes are deleted, and its client is told that it
// has expired. Only one goroutine may use it.
type Ending struct {
	Session int64
	Last    error // the error of the latest try that did not end the session

	known bool // a server knew the session
}

// Try takes the session over at a server, and closes it. done means that no other try is needed: the
// session has ended, or the error is [wire.ErrRefused], since the servers know no such session.
// Otherwise try again, there or at another server: it did not answer within a second, or the client was
// quicker to take the session back.
func (e *Ending) Try(ctx context.Context, dial func(context.Context) (net.Conn, error)) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	switch err := e.end(ctx, dial); {
	case err == nil, e.known && errors.Is(err, wire.ErrRefused):
		return true, nil
	case errors.Is(err, wire.ErrRefused):
		return true, err
	default:
		e.known = e.known || errors.Is(err, errTakenBack)
		e.Last = err
		return false, nil
	}
}

func (e *Ending) end(ctx context.Context, dial func(context.Context) (net.Conn, error)) error {
	c, err := Connect(ctx, Config{Dial: dial, Session: wire.Session{ID: e.Session, Password: wire.PasswordOf(e.Session)}})
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Do(ctx, wire.CloseSession, nil); err != nil {
		return errTakenBack
	}
	return nil
}
