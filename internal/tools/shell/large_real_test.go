//go:build real

package shell

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/zk/wire"
)

func TestRealLargeValues(t *testing.T) {
	largeValues(really(t))
}

// really returns a bench on Apache's servers, below a znode of the test's own.
func really(t *testing.T) *bench {
	t.Helper()
	e := dockertest.Ensemble(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	b := &bench{T: t, ctx: ctx, dial: net.DialTimeout}
	for _, s := range e.Servers() {
		b.addrs = append(b.addrs, s.Addr())
	}
	root := fmt.Sprintf("/%s-%d", t.Name(), time.Now().UnixNano())
	if _, _, err := b.client().Create(ctx, root, nil, nil, wire.Persistent, 0); err != nil {
		t.Fatal(err)
	}
	b.chroot = root
	b.Shell = &Shell{Client: b.client(), Dial: b.dial, Out: &b.out}
	return b
}
