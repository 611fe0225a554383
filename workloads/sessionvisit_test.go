package workloads

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/link"
)

// visitorWithoutServers returns a visitor whose connection finds no server.
func visitorWithoutServers(t *testing.T) *Visitor {
	t.Helper()
	l := link.New(link.Config{
		Client: -1, Clock: func() time.Duration { return 0 }, Record: func(history.Event) {},
		Dial: func(_, _ string, timeout time.Duration) (net.Conn, error) {
			time.Sleep(timeout)
			return nil, errors.New("nobody there")
		},
	})
	conn, _, err := zk.Connect([]string{"127.0.0.1:1"}, time.Second, zk.WithDialer(l.Dial), zk.WithLogInfo(false), zk.WithLogger(silent{}))
	if err != nil {
		t.Fatal(err)
	}
	return NewVisitor(conn, l)
}

// A visitor that arrives after its visit has been given up leaves at once; one that
// arrived in time leaves when the visit is over, even if it is about to vanish.
func TestVisitorsLeave(t *testing.T) {
	for name, tt := range map[string]struct{ late, vanishes bool }{
		"late": {late: true}, "in time": {}, "vanishing": {vanishes: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				visitor := visitorWithoutServers(t)
				v := &visit{run: &sessionRun{env: &Env{Visit: func(context.Context) (*Visitor, error) {
					time.Sleep(time.Second)
					return visitor, nil
				}}}}
				if tt.late {
					time.AfterFunc(time.Millisecond, v.leave)
				}
				came, err := v.connect(t.Context())
				if tt.late != errors.Is(err, errVisitOver) || tt.late != (came == nil) {
					t.Errorf("%v, %v", came, err)
				}
				if tt.vanishes {
					go visitor.Vanish()
				}
				v.leave()
				if !await.Closed(visitor.left) {
					t.Error("the visitor has not left")
				}
			})
		})
	}
}
