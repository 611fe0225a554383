package recipes

import "context"

// trace are functions that are told how a call waits in line: see package recipes. Each may be nil.
type trace struct {
	LinedUp func(path string)
	Waits   func(first string, watched []string)
	Gone    func(path string)
}

type traceKey struct{}

// withTrace returns a context of a call that is told to t.
func withTrace(ctx context.Context, t trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

func traceOf(ctx context.Context) trace {
	t, _ := ctx.Value(traceKey{}).(trace)
	return t
}

func (t trace) linedUp(path string) {
	if t.LinedUp != nil {
		t.LinedUp(path)
	}
}

func (t trace) waits(first string, watched []string) {
	if t.Waits != nil {
		t.Waits(first, watched)
	}
}

func (t trace) gone(path string) {
	if t.Gone != nil {
		t.Gone(path)
	}
}
