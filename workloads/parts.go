package workloads

import (
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

// parts holds what runs need to know about a kind of object that comes with zklab. The parts of
// each kind are in the file of its load. The properties of its histories are in a frame.Model in
// checker/internal, which knows nothing of programs. TestParts names what a kind lacks, there and
// here.
type parts struct {
	model    *models.Model    // its operations, their values, and the words for them
	contract contracts.Listed // how a load calls its subjects; nil if the servers themselves are under test
	subjects []Subject        // under load: the right one first, then others, then mutants. The first mutant is also called just Broken
}

// builtIn lists the kinds that come with zklab, in order of name.
var builtIn = []parts{
	barrierParts,
	cacheParts,
	configParts,
	counterParts,
	delayQueueParts,
	discoveryParts,
	doubleBarrierParts,
	electionParts,
	jobQueueParts,
	lockParts,
	masterWorkerParts,
	membershipParts,
	multiLockParts,
	partitionerParts,
	priorityQueueParts,
	queueParts,
	registerParts,
	rwlockParts,
	semaphoreParts,
	sessionParts,
	twoPhaseCommitParts,
}

// partsOf returns the parts of the kind of that name, or none.
func partsOf(recipe string) parts {
	for _, p := range builtIn {
		if p.model.Name == recipe {
			return p
		}
	}
	return parts{}
}

// named returns the subjects with the name of their recipe.
func (p parts) named() []Subject {
	all := slices.Clone(p.subjects)
	for i := range all {
		all[i].Recipe = p.model.Name
	}
	return all
}
