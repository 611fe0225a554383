package jobs

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
)

// A job for the reference model. The state is the attempt that has the job, 0 for none.
var exclusionReference = &frame.Reference{
	Covers:     []string{"lease-exclusion"},
	Operations: modelled,
	Model:      func(*evidence.Record) porcupine.Model { return spec },
}

// step is the beginning of an attempt, or its end.
type step struct {
	job     string
	attempt int // from 1: the number among all attempts at the key
	ends    bool
	text    string
}

func modelled(k *evidence.Key) ([]porcupine.Operation, bool) {
	q := queueOf(k)
	if q.doubled != "" {
		return nil, false
	}
	var ops []porcupine.Operation
	n := 0
	add := func(s step, client int, from, to time.Duration) {
		ops = append(ops, porcupine.Operation{ClientId: client, Input: s, Call: k.Clamp(from), Return: k.Clamp(to)})
	}
	for _, j := range q.jobs {
		for _, t := range j.tried {
			if t.death.Contradictory {
				return nil, false
			}
			n++
			add(step{j.name, n, false, t.taken()}, t.take.Client, t.asked, t.granted)
			add(step{j.name, n, true, fmt.Sprintf("client %d ends attempt %d at job %q", t.take.Client, t.number, j.name)}, t.take.Client, t.x, t.e)
		}
	}
	return ops, true
}

var spec = porcupine.Model{
	Partition: func(ops []porcupine.Operation) [][]porcupine.Operation {
		var parts [][]porcupine.Operation
		at := map[string]int{}
		for _, op := range ops {
			job := op.Input.(step).job
			i, ok := at[job]
			if !ok {
				i = len(parts)
				at[job] = i
				parts = append(parts, nil)
			}
			parts[i] = append(parts[i], op)
		}
		return parts
	},
	Init: func() any { return 0 },
	Step: func(state, input, _ any) (bool, any) {
		has, s := state.(int), input.(step)
		if s.ends {
			return has == s.attempt, 0
		}
		return has == 0, s.attempt
	},
	DescribeOperation: func(input, _ any) string { return input.(step).text },
}
