package jobs

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/heaps"
)

// lostTakes holds the takes of unknown outcome of a queue. A take that may have had a job at
// any moment of [began,over] can excuse that a job was free for longer than the bound B from a
// moment t on, if it can have taken the job by t+B and had it beyond t: if began-B ≤ t < over.
type lostTakes struct {
	bound time.Duration
	all   []lostTake      // in order of invocation
	over  []time.Duration // when each is over, in order
	// moments are the times that are asked about. edges are the moments within them at
	// which fewer takes may excuse a job than right before, and the moments at which the
	// times begin.
	moments []evidence.Span
	edges   []time.Duration
	least   [][]int // for each row of 1, 2, 4 … edges: the place of the edge with the fewest excuses
}

type lostTake struct {
	op          *history.Operation
	began, over time.Duration
}

// lostTakes returns the lost takes of a queue. moments are the times that will be asked about.
func (q *queue) lostTakes(moments []evidence.Span) *lostTakes {
	l := &lostTakes{bound: q.Bound, moments: moments}
	for _, op := range q.unknown {
		x := lostTake{op, op.Began(), q.overBy(op)}
		if x.over < x.began {
			continue // its session had ended before
		}
		l.all, l.over = append(l.all, x), append(l.over, x.over)
		if evidence.Touches(moments, x.over, x.over) {
			l.edges = append(l.edges, x.over)
		}
	}
	for _, s := range moments {
		l.edges = append(l.edges, s.From)
	}
	slices.Sort(l.over)
	slices.Sort(l.edges)
	l.measure()
	return l
}

// overBy returns when a take of unknown outcome, and the attempt that it may have begun, was over. No
// worker works on a job whose take returned an error: the subject has to give up what the take left
// once the client is connected, as after any other call that failed.
func (q *queue) overBy(op *history.Operation) time.Duration {
	exited, _ := q.ExitAfter(op.Client, op.Began())
	death := q.DeathOf(op)
	end := min(exited, death.By, q.givenUp(op))
	if s := death.OverAtLast(); s != nil {
		end = min(end, s.Expired)
	}
	return end
}

// givenUp returns when the client of a take that returned an error had been connected for the bound
// after that return; never if it was not.
func (q *queue) givenUp(op *history.Operation) time.Duration {
	if op.Return == nil {
		return evidence.Never
	}
	for _, live := range q.WhileLive(op.Client, evidence.Span{From: op.Return.Time, To: q.End}) {
		if over := live.From + q.Bound + q.Stalled(live); over < live.To {
			return over
		}
	}
	return evidence.Never
}

// excusing returns how many takes may excuse a job that was free from a moment on.
func (l *lostTakes) excusing(t time.Duration) int {
	over, _ := slices.BinarySearch(l.over, t+1)
	return l.begun(t+l.bound) - over
}

// begun returns how many takes had begun at t or before.
func (l *lostTakes) begun(t time.Duration) int {
	n, _ := slices.BinarySearchFunc(l.all, t+1, func(x lostTake, t time.Duration) int { return cmp.Compare(x.began, t) })
	return n
}

// measure prepares for queries for the least of some consecutive edges.
func (l *lostTakes) measure() {
	excusing, places := make([]int, len(l.edges)), make([]int, len(l.edges))
	for i, t := range l.edges {
		excusing[i], places[i] = l.excusing(t), i
	}
	l.least = [][]int{places}
	for width := 1; 2*width <= len(l.edges); width *= 2 {
		narrow := l.least[len(l.least)-1]
		wide := make([]int, len(narrow)-width)
		for i := range wide {
			wide[i] = narrow[i]
			if other := narrow[i+width]; excusing[other] < excusing[wide[i]] {
				wide[i] = other
			}
		}
		l.least = append(l.least, wide)
	}
}

// fewest returns, among the moments from one time to another that are asked about, the one at
// which the fewest takes may excuse a job, and how many these are; -1 if there is no such moment.
func (l *lostTakes) fewest(from, to time.Duration) (at time.Duration, takes int) {
	takes = -1
	consider := func(t time.Duration) {
		if n := l.excusing(t); takes < 0 || n < takes {
			at, takes = t, n
		}
	}
	if from <= to && evidence.Touches(l.moments, from, from) {
		consider(from)
	}
	first, _ := slices.BinarySearch(l.edges, from)
	behind, _ := slices.BinarySearch(l.edges, to+1)
	if n := behind - first; n > 0 {
		level := bits.Len(uint(n)) - 1
		consider(l.edges[l.least[level][first]])
		consider(l.edges[l.least[level][behind-1<<level]])
	}
	return at, takes
}

// between returns the time in which a job was free and no take can have had it.
func (l *lostTakes) between(o overdue) evidence.Span {
	s := o.lived
	if i, _ := slices.BinarySearch(l.over, o.at+1); i > 0 {
		s.From = max(s.From, l.over[i-1])
	}
	if i := l.begun(o.at + l.bound); i < len(l.all) {
		s.To = min(s.To, l.all[i].began)
	}
	return s
}

// tooFew holds jobs that were free for too long, and all takes that can have had any of
// them then: one fewer than there are jobs.
type tooFew struct {
	jobs  []overdue
	takes []*history.Operation
}

// match assigns to each job a take of its own, in order of their moments: of the takes that may
// excuse it, the one that is over first, since that one can excuse the fewest others. It returns
// the takes and jobs that show why the first job without a take gets none, and how many jobs have
// none.
func (l *lostTakes) match(all []overdue) (few tooFew, lacking int) {
	slices.SortStableFunc(all, func(a, b overdue) int { return cmp.Compare(a.at, b.at) })
	ready := heaps.Heap[lostTake]{Less: func(a, b lostTake) bool { return a.over < b.over }}
	taken := make([]lostTake, len(all))
	i := 0
	for n, o := range all {
		for ; i < len(l.all) && l.all[i].began-l.bound <= o.at; i++ {
			ready.Push(l.all[i])
		}
		take, found := ready.Pop()
		for found && take.over <= o.at {
			take, found = ready.Pop()
		}
		if found {
			taken[n] = take
			continue
		}
		if lacking == 0 {
			few = rivals(all[:n+1], taken)
		}
		lacking++
	}
	return few, lacking
}

// rivals returns those of the given jobs that can have used the same takes as the last one, or as
// one another; the last job got no take. Going backwards, these are the jobs whose take may excuse
// a later job.
func rivals(jobs []overdue, taken []lostTake) (few tooFew) {
	first := jobs[len(jobs)-1]
	few.jobs = []overdue{first}
	for i, o := range slices.Backward(jobs[:len(jobs)-1]) {
		if taken[i].op != nil && taken[i].over > first.at {
			first = o
			few.jobs, few.takes = append(few.jobs, o), append(few.takes, taken[i].op)
		}
	}
	slices.Reverse(few.jobs)
	return few
}
