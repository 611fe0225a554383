package container

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

//go:embed clock.sh
var clockCommands string

// ShiftClock sets the server's wall clock, whether the server runs or not. It has effect at once.
func (s *server) ShiftClock(ctx context.Context, by time.Duration) error {
	return s.cluster.change(ctx, func(ctx context.Context) error {
		return s.cluster.tell(ctx, ensemble.CanShiftClock, fmt.Sprintf("show %d %d", s.id, by.Milliseconds()))
	})
}

const clockSession = 4 * time.Second // long enough for two answers

// Clock returns what the server's wall clock shows. The server says when a connection was made (est, in cons), if the
// connection has a session. So Clock needs a server that serves.
func (s *server) Clock(ctx context.Context) (time.Time, error) {
	if s.cluster.engine == nil {
		return time.Time{}, errSketch
	}
	began := time.Now()
	conn, err := zkclient.Connect(ctx, zkclient.Config{Session: wire.Session{Timeout: clockSession}, Dial: zkclient.To(net.DialTimeout, s.addr)})
	if err != nil {
		return time.Time{}, err
	}
	defer conn.Close()
	answer, err := ensemble.Ask(ctx, net.DialTimeout, s.addr, "cons")
	if err == nil {
		_, err = conn.Do(ctx, wire.CloseSession, nil)
	}
	if err != nil {
		return time.Time{}, err
	}
	made, err := established(answer, conn.Session().ID)
	return made.Add(time.Since(began)), err
}

var establishedAt = regexp.MustCompile(`[(,]sid=0x([0-9a-f]+),.*[(,]est=(\d+),`)

// established returns when the connection of a session was made, by the server's clock and its answer to cons.
func established(answer string, session int64) (time.Time, error) {
	for _, m := range establishedAt.FindAllStringSubmatch(answer, -1) {
		if m[1] != strconv.FormatUint(uint64(session), 16) {
			continue
		}
		ms, err := strconv.ParseInt(m[2], 10, 64)
		return time.UnixMilli(ms), err
	}
	return time.Time{}, errors.New("the server does not tell when a connection was made")
}
