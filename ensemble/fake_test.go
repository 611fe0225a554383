package ensemble

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// fake is a server that reports what the test wants, after a while.
type fake struct {
	id     int
	role   Role
	epoch  int64
	after  time.Duration
	err    error
	paused bool
}

func (f fake) ID() int      { return f.id }
func (f fake) Addr() string { return fmt.Sprintf("127.0.0.1:%d", 2180+f.id) }

func (f fake) Status(ctx context.Context) (Status, error) {
	after := time.After(f.after)
	if f.paused {
		after = nil
	}
	select {
	case <-after:
		return Status{Role: f.role, Zxid: f.epoch<<32 | 1}, f.err
	case <-ctx.Done():
		return Status{}, context.Cause(ctx)
	}
}

func servers(fakes ...fake) []Server {
	var all []Server
	for i, f := range fakes {
		f.id = i + 1
		all = append(all, f)
	}
	return all
}
