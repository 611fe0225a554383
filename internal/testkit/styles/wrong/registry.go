package wrong

import (
	"time"

	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

func pair(name, breaks string, make func(right bool) workloads.Workload) specimens.Specimen {
	w := make(false)
	return specimens.Specimen{Recipe: w.Name(), Name: name, Property: breaks, Workload: w, Mended: make(true)}
}

// alone returns a recipe without its mended twin, which would be the twin of another recipe.
func alone(s specimens.Specimen) specimens.Specimen {
	s.Mended = nil
	return s
}

func lock(name, breaks string, make func(b *base) *hold) specimens.Specimen {
	return pair(name, breaks, func(right bool) workloads.Workload {
		return workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
			return make(at(c, path, right)), nil
		}}
	})
}

func election(name, breaks string, make func(b *base, id string) *hold) specimens.Specimen {
	return pair(name, breaks, func(right bool) workloads.Workload {
		return workloads.Election{New: func(c *subjects.Client, path, id string) (subjects.Election, error) {
			return make(at(c, path, right), id), nil
		}}
	})
}

func semaphore(name, breaks string, make func(b *base, n int) *hold) specimens.Specimen {
	return pair(name, breaks, func(right bool) workloads.Workload {
		return workloads.Semaphore{New: func(c *subjects.Client, path string, n int) (subjects.Semaphore, error) {
			return make(at(c, path, right), n), nil
		}}
	})
}

func multiLock(name, breaks string, make func(b *base, keys []string) *hold) specimens.Specimen {
	return pair(name, breaks, func(right bool) workloads.Workload {
		return workloads.MultiLock{New: func(c *subjects.Client, path string, keys []string) (subjects.MultiLock, error) {
			return make(at(c, path, right), keys), nil
		}}
	})
}

func rwLock(name, breaks string, make func(b *base) subjects.RWLock) specimens.Specimen {
	return pair(name, breaks, func(right bool) workloads.Workload {
		return workloads.RWLock{New: func(c *subjects.Client, path string) (subjects.RWLock, error) {
			return make(at(c, path, right)), nil
		}}
	})
}

func group(name, breaks string, make func(b *base) *members) specimens.Specimen {
	return pair(name, breaks, func(right bool) workloads.Workload {
		return workloads.Membership{New: func(c *subjects.Client, path string) (subjects.Group, error) {
			return make(at(c, path, right)), nil
		}}
	})
}

func service(name, breaks string, make func(b *base) *members) specimens.Specimen {
	return pair(name, breaks, func(right bool) workloads.Workload {
		return workloads.Discovery{New: func(c *subjects.Client, path string) (subjects.Service, error) {
			return make(at(c, path, right)), nil
		}}
	})
}

func jobQueue(name, breaks string, byHost, unbound bool) specimens.Specimen {
	return pair(name, breaks, func(right bool) workloads.Workload {
		return workloads.JobQueue{New: func(c *subjects.Client, path string, n int) (subjects.JobQueue, error) {
			return &jobs{at(c, path, right), n, byHost, unbound}, nil
		}}
	})
}

func partitioner(name, breaks string, byHost, byPath bool) specimens.Specimen {
	return pair(name, breaks, func(right bool) workloads.Workload {
		return workloads.Partitioner{New: func(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
			return &shares{base: at(c, path, right), items: items, byHost: byHost, byPath: byPath}, nil
		}}
	})
}

// Recipes lists all recipes of this package.
var Recipes = []specimens.Specimen{
	// A znode of the last life.
	lock("lock with its name on it", "grant", func(b *base) *hold { return byName(b, b.host()) }),
	lock("lock with a place in line found by name", "grant", func(b *base) *hold { return line(b, 1) }),
	election("election with its id on it", "grant", byName),
	semaphore("semaphore with its name on a slot", "grant", slots),
	semaphore("semaphore with a place in line found by name", "grant", func(b *base, n int) *hold { return line(b, n) }),
	rwLock("rwlock with a place in line found by name", "grant", func(b *base) subjects.RWLock { return &rwLine{base: b} }),
	multiLock("multi-lock with its name on all keys", "grant", all),
	group("membership by host", "fresh", func(b *base) *members { return ofHost(b, 0) }),
	group("membership by name", "fresh", func(b *base) *members { return ofName(b, 0) }),
	service("discovery by name", "fresh", func(b *base) *members { return ofName(b, 3*time.Second) }),
	service("discovery by host", "fresh", func(b *base) *members { return ofHost(b, 3*time.Second) }),
	jobQueue("job-queue with its name on a lease", "own-znodes", true, false),
	pair("double-barrier by host", "enter", func(right bool) workloads.Workload {
		return workloads.DoubleBarrier{New: func(c *subjects.Client, path string, n int) (subjects.DoubleBarrier, error) {
			return &party{base: at(c, path, right), n: n}, nil
		}}
	}),
	partitioner("partitioner with its name on items", "grant", true, false),

	// Looks that are out of date, and requests that arrive late.
	alone(lock("lock deleted after a look", "own-znodes", lookThenDelete)),
	alone(lock("lock deleted by path", "exclusion", byPath)),
	alone(lock("lock renewed by name", "own-znodes", renews)),
	{Name: "lock leased for a time", Property: "exclusion", Workload: workloads.Lock{New: newLease}},
	alone(election("election resigned by name", "exclusion", byOwnName)),
	semaphore("semaphore released by path", "own-znodes", slotByPath),
	rwLock("rwlock after a look", "exclusion", func(b *base) subjects.RWLock { return &rwLook{base: b} }),
	multiLock("multi-lock deleted by path", "own-znodes", allByPath),
	service("discovery given up after a look", "converge", lookedOnce),
	pair("queue taken again", "integrity", func(right bool) workloads.Workload {
		return workloads.Queue{New: func(c *subjects.Client, path string) (subjects.Queue, error) {
			return &queue{at(c, path, right)}, nil
		}}
	}),
	jobQueue("job-queue finished after a look", "finish-once", false, true),
	partitioner("partitioner released by path", "own-znodes", false, true),
	pair("counter set after a look", "linearizable", func(right bool) workloads.Workload {
		return workloads.Counter{New: func(c *subjects.Client, path string) (subjects.Counter, error) {
			return &adder{at(c, path, right)}, nil
		}}
	}),
	pair("config that begins with memory of another session", "first", func(right bool) workloads.Workload {
		return workloads.Config{New: func(c *subjects.Client, path string) (subjects.Config, error) {
			return newRemembered(at(c, path, right))
		}}
	}),
	pair("two-phase-commit decided after a look", "agreement", func(right bool) workloads.Workload {
		return workloads.TwoPhaseCommit{New: func(c *subjects.Client, path string) (subjects.Transaction, error) {
			return &votes{at(c, path, right), nil}, nil
		}}
	}),
}
