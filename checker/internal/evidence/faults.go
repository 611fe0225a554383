package evidence

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
)

// Faults are the faults of the run.
type Faults struct{ faults.List }

// Fault is one fault of a run.
type Fault = faults.Fault

// readFault reads one step of a fault.
func (a *Record) readFault(e *history.Event) {
	var s history.FaultStep
	a.Decode(e, &s)
	if s.Fault > 0 {
		a.Faults.Add(e, s)
	}
}

// Copied reports whether a copy of a client could use the client's session at a time: then the
// session belongs to the one of the two that connected last.
func (f *Faults) Copied(client int, t time.Duration) bool {
	return slices.ContainsFunc(f.All, func(one *Fault) bool {
		return one.Kind == kinds.Duplicate.Name && one.From <= t && t <= one.Over && slices.Contains(one.Clients, client)
	})
}

// FaultKind returns the kind in a fault's specification: pause of pause:leader@10s.
func FaultKind(spec string) string {
	if i := strings.IndexAny(spec, ":@"); i >= 0 {
		return spec[:i]
	}
	return spec
}
