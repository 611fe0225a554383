package screen

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/testkit/must"
)

// poll waits until is returns true or ctx ends.
func poll(ctx context.Context, is func() bool) error {
	for !is() {
		if err := await.Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// written holds what a program has written so far.
type written struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

const (
	entersScreen = "\x1b[?1049h"
	leavesScreen = "\x1b[?1049l"
)

// ended runs a screen until how has ended it, and returns what it wrote.
func ended(t *testing.T, how func(cancel func(), keys io.Writer)) string {
	t.Helper()
	limit, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	ctx, cancel := context.WithCancel(limit)
	defer cancel()
	in, keys := io.Pipe()
	defer keys.Close()
	var out written
	done := make(chan error, 1)
	go func() { done <- Run(ctx, newFake("/a"), "/", in, &out) }()
	must.Do(t, poll(limit, func() bool { return strings.Contains(out.String(), entersScreen) }))
	how(cancel, keys)
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-limit.Done():
		t.Fatal("it does not end")
	}
	return out.String()
}

func TestRunLeavesTheTerminalAsItWas(t *testing.T) {
	for name, how := range map[string]func(cancel func(), keys io.Writer){
		"context": func(cancel func(), _ io.Writer) { cancel() },
		"q":       func(_ func(), keys io.Writer) { _, _ = io.WriteString(keys, "q") },
		"Ctrl-C":  func(_ func(), keys io.Writer) { _, _ = io.WriteString(keys, "\x03") },
	} {
		t.Run(name, func(t *testing.T) {
			out := ended(t, how)
			for _, want := range []string{leavesScreen, "\x1b[?1002l", "\x1b[?25h"} { // the terminal handles the mouse again, and shows its cursor
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in %q", want, out)
				}
			}
		})
	}
}
