package jobs

import (
	"maps"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// conservation requires that each job that was put is in exactly one place at the end: it is
// open, done or dead. It must be done if it was finished, and only then.
var conservation = &frame.Property{
	Name:     "conservation",
	NoModel:  frame.Counted,
	Meaning:  "no job was lost, duplicated or invented",
	Decider:  "sets at the end",
	Evidence: fromTimes,
	Decide:   onQueue(decideConservation),
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		if missing := frame.Few(figures["jobs"], 20, "jobs"); missing != "" {
			return missing
		}
		return exercised(a, figures)
	},
}

func decideConservation(f *frame.Finding, q *queue) {
	q.misplacedJobs(f)
	for _, j := range q.jobs {
		if t := unput(j); t != nil {
			f.Violated(evidence.EventsOf(t.take), "client %d was given job %q of %s by %s, which no client had begun to put", t.take.Client, j.name, q.Name, words.At(t.granted))
			return
		}
	}
	seen, where := q.final.seen, maps.Clone(q.final.where)
	if seen == nil {
		f.Unknown("the harness did not check at the end what became of the jobs")
		return
	}
	for _, j := range q.jobs {
		if text, counterexample := misplaced(j, where[j.name], seen); text != "" {
			f.Violated(append(counterexample, seen.Index), "at %s job %q of %s %s", words.At(seen.Time), j.name, q.Name, text)
			return
		}
		if j.put != nil {
			delete(where, j.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(where)) {
		f.Violated([]int{seen.Index}, "at %s job %q of %s was %s, and no client had put it", words.At(seen.Time), name, q.Name, where[name][0])
		return
	}
}

// misplacedJobs counts all jobs that are not where they should be.
func (q *queue) misplacedJobs(f *frame.Finding) {
	if q.final.seen == nil {
		return
	}
	where := maps.Clone(q.final.where)
	for _, j := range q.jobs {
		at := where[j.name]
		if j.put == nil {
			continue
		}
		delete(where, j.name)
		switch text, _ := misplaced(j, at, q.final.seen); {
		case text == "":
		case len(at) > 1:
			f.Anomalies.Note(frame.Duplicated, frame.Often(j.name, len(at)))
		case len(at) == 0:
			f.Anomalies.Note(frame.Lost, j.name)
		default:
			f.Anomalies.Note(frame.Impossible, j.name+" "+text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(where)) {
		f.Anomalies.Note(frame.Unexpected, name)
	}
}

// unput returns an attempt at a job that had not been put; nil if there is none.
func unput(j *job) *attempt {
	for _, t := range j.tried {
		if j.put == nil || t.granted < j.put.Began() {
			return t
		}
	}
	return nil
}

// final records where the jobs of a key were at the end.
type final struct {
	seen  *history.Event      // the event that shows it; nil if none does
	where map[string][]string // by job: the places where it was
}

// The places where a job can be at the end.
const (
	open = "open"
	done = "done"
	dead = "dead"
)

func finally(k *evidence.Key) final {
	var at final
	var jobs models.Jobs
	for _, e := range k.Facts {
		if e.F == history.FDrained {
			jobs = models.Jobs{}
			k.Decode(e, &jobs)
			at.seen = e
		}
	}
	at.where = map[string][]string{}
	for _, list := range []struct {
		name string
		jobs []string
	}{{open, jobs.Open}, {done, jobs.Done}, {dead, jobs.Dead}} {
		for _, name := range list.jobs {
			at.where[name] = append(at.where[name], list.name)
		}
	}
	return at
}

// misplaced describes what is wrong with a job's place at the end. It returns "" if the place
// is right.
func misplaced(j *job, where []string, seen *history.Event) (text string, counterexample []int) {
	finish, maybe := j.finish()
	acknowledged := j.put != nil && j.put.Outcome() == history.OK && j.put.Return.Time < seen.Time
	if j.put != nil {
		counterexample = evidence.EventsOf(j.put)
	}
	switch {
	case len(where) > 1:
		return "was " + where[0] + " and " + where[1], counterexample
	case finish != nil && (len(where) == 0 || where[0] != done):
		return "was not done, though it had been finished by " + words.At(finish.Return.Time), evidence.EventsOf(finish)
	case len(where) == 0 && acknowledged:
		return "was gone, and no client had finished it", counterexample
	case len(where) > 0 && where[0] == done && finish == nil && !maybe:
		return "was done, though no client had begun to finish it", counterexample
	}
	return "", nil
}

// finish returns the attempt of a job that succeeded; maybe reports whether some attempt may have.
func (j *job) finish() (done *history.Operation, maybe bool) {
	for _, op := range j.finishes {
		if op.Outcome() == history.OK {
			done = op
		} else {
			maybe = true
		}
	}
	return done, maybe
}
