package barriers

import (
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history/models"
)

// Barrier is a barrier that one coordinator raises and lifts.
var Barrier = frame.Model{
	Object:     models.Barrier,
	Properties: []*frame.Property{early, lateWaiter, frame.LogAgrees(func(a *evidence.Record) bool { return nodesOf(a).Trusted() }, barrierInLog)},
	References: []*frame.Reference{barrierReference},
}
