package contend

import "context"

// Trace are functions that are told how a call waits in line. Each may be nil. The Trace of package
// recipes says more.
type Trace struct {
	LinedUp func(path string)                    // a contender's znode is there
	Waits   func(first string, watched []string) // the call begins to wait for others
	Gone    func(path string)                    // one of these has gone
}

type traceKey struct{}

// WithTrace returns a context of a call that is told to t.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns what a call is told to, which may be nothing.
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

// TellGone tells that a znode has gone.
func (t Trace) TellGone(path string) {
	if t.Gone != nil {
		t.Gone(path)
	}
}
