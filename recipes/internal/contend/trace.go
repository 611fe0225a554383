package contend

import "context"

// Trace are functions that are told how a call waits in line: see package recipes. Each may be nil.
type Trace struct {
	LinedUp func(path string)
	Waits   func(first string, watched []string)
	Gone    func(path string)
}

type traceKey struct{}

// WithTrace returns a context of a call that is told to t.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

func TraceOf(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}

func (t Trace) tellLinedUp(path string) {
	if t.LinedUp != nil {
		t.LinedUp(path)
	}
}

func (t Trace) tellWaits(first string, watched []string) {
	if t.Waits != nil {
		t.Waits(first, watched)
	}
}

func (t Trace) TellGone(path string) {
	if t.Gone != nil {
		t.Gone(path)
	}
}
