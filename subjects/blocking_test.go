package subjects

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A call whose context ends goes on, and the next call waits for it. The call is undone
// only if it succeeds after its caller has gone.
func TestBlocking(t *testing.T) {
	refused := errors.New("refused")
	for _, tt := range []struct {
		name   string
		takes  time.Duration
		result error
		want   error // the error of a Do whose context lasts a second
		undone bool
	}{
		{"in time", time.Second / 2, nil, nil, false},
		{"refused in time", time.Second / 2, refused, refused, false},
		{"late", time.Minute, nil, context.DeadlineExceeded, true},
		{"refused late", time.Minute, refused, context.DeadlineExceeded, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b Blocking
				undone := false
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				err := b.Do(ctx, func() error { time.Sleep(tt.takes); return tt.result }, func() error {
					undone = true
					return nil
				})
				if !errors.Is(err, tt.want) || NoEffect(err) {
					t.Errorf("error %v", err)
				}
				if took := time.Since(began); took != min(tt.takes, time.Second) {
					t.Errorf("it took %s", took)
				}
				called := false
				call := func() error { called = true; return nil }
				if err := b.Do(ctx, call, nil); called != (tt.takes < time.Second) || !called && !NoEffect(err) {
					t.Errorf("a call meanwhile: called %v, %v", called, err)
				}
				if err := b.Do(t.Context(), func() error { return nil }, nil); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != tt.takes || undone != tt.undone {
					t.Errorf("the next call came after %s; undone: %v", took, undone)
				}
			})
		})
	}
}
