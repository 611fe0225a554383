package recipes

import (
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/recipes/internal/client"
)

// following collects the steps of a sequence in the background.
type following[T any] struct {
	all   []T
	asked int // how many of the steps were asked for
	end   error
	done  chan struct{}
}

func follow[T any](steps iter.Seq2[T, error]) *following[T] {
	f := &following[T]{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		for step, err := range steps {
			if err != nil {
				f.end = err
				continue
			}
			f.all = append(f.all, step)
		}
	}()
	return f
}

// since returns the steps that came since the last call.
func (f *following[T]) since() []T {
	time.Sleep(2 * client.WatchRestoreDelay) // in the next session, if there is one
	synctest.Wait()
	told := f.all[f.asked:]
	f.asked = len(f.all)
	return told
}

// checkSince checks these steps, in the form that show gives them.
func checkSince[T any](t *testing.T, f *following[T], show func(T) string, when string, want ...string) {
	t.Helper()
	var got []string
	for _, step := range f.since() {
		got = append(got, show(step))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: told of %q, not %q", when, got, want)
	}
}

// pulled asks for the steps of a sequence one by one.
type pulled[T any] struct {
	t    *testing.T
	show func(T) string
	next func() (T, error, bool)
}

// pull ends the sequence with the test.
func pull[T any](t *testing.T, steps iter.Seq2[T, error], show func(T) string) pulled[T] {
	next, stop := iter.Pull2(steps)
	t.Cleanup(stop)
	return pulled[T]{t, show, next}
}

// tell checks the next step.
func (p pulled[T]) tell(want string) {
	p.t.Helper()
	if step, err, ok := p.next(); err != nil || !ok || p.show(step) != want {
		p.t.Errorf("was told of %q, %v; want %q", p.show(step), err, want)
	}
}
