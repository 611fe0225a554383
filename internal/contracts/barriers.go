package contracts

import (
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// The operations of a [subjects.Barrier].
var (
	BarrierRaise = does(models.FRaise, subjects.Barrier.Raise)
	BarrierLift  = does(models.FLift, subjects.Barrier.Lift)
	BarrierAwait = does(models.FAwait, subjects.Barrier.Await)
)

// Barriers is the contract of a [subjects.Barrier].
var Barriers = &Contract[subjects.Barrier, None]{model: models.Barrier, operations: []operation[subjects.Barrier]{BarrierRaise, BarrierLift, BarrierAwait}}

// The operations of a [subjects.DoubleBarrier].
var (
	DoubleBarrierEnter = does(models.FEnter, subjects.DoubleBarrier.Enter)
	DoubleBarrierLeave = does(models.FLeave, subjects.DoubleBarrier.Leave)
)

// DoubleBarriers is the contract of a [subjects.DoubleBarrier], whose constructor gets the number of parties.
var DoubleBarriers = &Contract[subjects.DoubleBarrier, int]{model: models.DoubleBarrier, with: "parties", operations: []operation[subjects.DoubleBarrier]{DoubleBarrierEnter, DoubleBarrierLeave}}
