package ensembles

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/tools/control"
)

// failing is an ensemble with a server that can no longer write its files.
type failing struct {
	*embedded.Ensemble
	failed chan error
}

func (f failing) Failed() <-chan error { return f.failed }

// A failed ensemble in the background stays in the list with its log, because nobody would otherwise learn
// why it ended; one that ends normally is removed.
func TestFailedInTheBackground(t *testing.T) {
	dir, err := os.MkdirTemp("", "zk") // the paths of t.TempDir are too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Cleanup(func() { process.DetachedLog = "" })
	for want, failure := range []error{nil, errors.New("the disk is full")} {
		e := must.Get(embedded.Start(embedded.Config{Nodes: 1, InMemory: true}))(t)
		log := must.Get(control.NewLog())(t)
		log.Close()
		process.DetachedLog = log.Name()
		f := failing{e, make(chan error, 1)}
		f.failed <- failure
		cmd := &cobra.Command{}
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		if err := serve(t.Context(), cmd, f, backend.Backend{}, "lab"); !errors.Is(err, failure) {
			t.Errorf("%v, not %v", err, failure)
		}
		left := control.Entries()
		if len(left) != want {
			t.Errorf("after %v: %+v", failure, left)
		}
		if len(left) > 0 {
			if _, err := os.Stat(left[0].Log); err != nil {
				t.Error(err)
			}
		}
	}
}
