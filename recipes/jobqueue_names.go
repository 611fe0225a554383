package recipes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

const (
	kindJob    = "job"    // a job that is pending
	kindTaken  = "taken"  // a job that a worker has
	kindWorker = "worker" // clients that take jobs
	kindIdle   = "idle"   // workers that wait for a job
)

// maxTries bounds the length of names.
const maxTries = 1000

// jobName holds the parts of the name of a job's znode:
//
//	<id>-job-<attempts begun>-<tries>-<sequence>                 pending
//	<id>-taken-<id of the worker>-<attempt>-<tries>-<sequence>   with a worker
//
// A job has each of its names once, as attempts are numbered. So a client that removes such a znode
// knows that the job was in exactly that state, and a late request does nothing to later states.
type jobName struct {
	id             string
	worker         string // "" if the job is pending
	attempt, tries int
	seq            int32
}

// jobPrefix returns the name of a new job's znode without its number.
func jobPrefix(id string, tries int) string { return fmt.Sprintf("%s-%s-0-%d-", id, kindJob, tries) }

func (n jobName) String() string {
	numbers := fmt.Sprintf("%d-%d-%010d", n.attempt, n.tries, n.seq)
	if n.worker == "" {
		return n.id + "-" + kindJob + "-" + numbers
	}
	return n.id + "-" + kindTaken + "-" + n.worker + "-" + numbers
}

// takenBy returns the name once a worker has begun the next attempt.
func (n jobName) takenBy(worker string) jobName {
	n.worker = worker
	n.attempt++
	return n
}

// givenBack returns the name after an attempt that did not finish the job. The job keeps its place
// in the order.
func (n jobName) givenBack() jobName {
	n.worker = ""
	return n
}

// last reports whether this is the last attempt.
func (n jobName) last() bool { return n.attempt >= n.tries }

// parseJob parses the name of a job that is pending or taken. It returns false for every other
// name.
func parseJob(name, kind string) (jobName, bool) {
	id, rest, ok := znodes.Split(name, kind)
	n := jobName{id: id}
	if ok && kind == kindTaken {
		n.worker, rest, ok = znodes.Cut(rest, znodes.IDLength)
		rest = strings.TrimPrefix(rest, "-")
		ok = ok && znodes.IsHex(n.worker)
	}
	numbers := strings.SplitN(rest, "-", 3) // the last may have a sign
	if !ok || len(numbers) < 3 {
		return jobName{}, false
	}
	n.attempt, _ = strconv.Atoi(numbers[0])
	n.tries, _ = strconv.Atoi(numbers[1])
	n.seq, ok = znodes.Sequence(numbers[2])
	possible := n.tries <= maxTries && (n.worker == "" && n.attempt < n.tries || n.worker != "" && n.attempt <= n.tries)
	return n, ok && possible && n.String() == name
}

// jobs picks the pending or the taken jobs from a list of children, in the order in which they were
// put in.
func jobs(names []string, kind string) []jobName {
	var list []jobName
	for _, name := range names {
		if n, ok := parseJob(name, kind); ok {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b jobName) int {
		return znodes.Compare(znodes.Node{Seq: a.seq, Name: a.id}, znodes.Node{Seq: b.seq, Name: b.id})
	})
	return list
}
