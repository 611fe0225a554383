package coverage

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/stats"
)

// Window is when a fault was in force, and for which clients.
type Window struct {
	stats.Window
	clients []int // nil: all clients
	message bool  // it hit one message, at the moment when it took effect
	at      time.Duration
}

// Windows returns the windows of the faults that took effect.
func Windows(h *history.History) (of []Window) {
	faults := map[int]stats.Fault{}
	for _, f := range stats.Faults(h) {
		faults[f.Number] = f
	}
	for _, w := range stats.Windows(h) {
		if f := faults[w.Fault]; w.Verified {
			of = append(of, Window{Window: w, clients: f.Clients, message: kinds.Named(f.Kind).Hits == kinds.Messages, at: f.Verified})
		}
	}
	return of
}

// Hits reports whether the fault hit a client. The harness, whose number is negative, is no client.
func (w *Window) Hits(client int) bool {
	return client >= 0 && (w.clients == nil || slices.Contains(w.clients, client))
}

// names reports whether a request is of the type that the fault's expression or its point names, as
// lose-reply:create does.
func (w *Window) names(request string) bool {
	if _, at, ok := strings.Cut(w.Spec, "@"); ok {
		p, err := link.ParsePoint(at)
		return err == nil && p.Message == request
	}
	return slices.Contains(strings.Split(w.Spec, ":")[1:], request)
}

// Met reports whether what a client did in a span met the fault. request is "" for an operation
// as a whole.
func (w *Window) Met(client int, in stats.Span, request string) bool {
	if !w.Hits(client) || in.From > w.Until || in.Until < w.From {
		return false
	}
	if !w.message {
		return true
	}
	return in.Contains(w.at) && (request == "" || w.names(request))
}
