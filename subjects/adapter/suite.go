package adapter

import "github.com/zklab/zklab/internal/contracts"

// suite has the checks of one recipe.
type suite struct {
	recipe string
	with   func(client int) any // the argument of an object; nil for none
	offers []string             // what it may offer
	checks []check
}

// suites lists the checks of each recipe, in order of name.
var suites = []*suite{
	barriersSuite,
	cachesSuite,
	configsSuite,
	countersSuite,
	delayQueuesSuite,
	servicesSuite,
	doubleBarriersSuite,
	electionsSuite,
	jobQueuesSuite,
	locksSuite,
	masterWorkersSuite,
	groupsSuite,
	multiLocksSuite,
	partitionersSuite,
	priorityQueuesSuite,
	queuesSuite,
	rwlocksSuite,
	semaphoresSuite,
	transactionsSuite,
}

// suiteOf returns the checks of a contract. with returns the argument of each client's objects; if it is nil,
// they have none.
func suiteOf[S, M any](k *contracts.Contract[S, M], with func(client int) M, checks ...check) *suite {
	s := &suite{recipe: k.Name(), offers: k.Offers(), checks: checks}
	if with != nil {
		s.with = func(client int) any { return k.With(with(client)) }
	}
	return s
}

// always returns a function that returns m for each client.
func always[M any](m M) func(client int) M { return func(int) M { return m } }
