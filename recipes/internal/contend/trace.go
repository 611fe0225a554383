package contend

import "context"

// Trace has functions that a call runs while it waits in line. Each may be nil. See Trace of
// package recipes.
type Trace struct {
	LinedUp func(path string)                    // a contender's znode exists
	Waits   func(first string, watched []string) // the call begins to wait for others
	Gone    func(path string)                    // one of the watched contenders has gone
}

type traceKey struct{}

// WithTrace returns a context with which calls run the functions of t.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace of ctx, which may be empty.
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

// TellGone runs Gone, if it is set.
func (t Trace) TellGone(path string) {
	if t.Gone != nil {
		t.Gone(path)
	}
}
