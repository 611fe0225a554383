// Package ordered decides by a porcupine model whether the calls on a key can have happened one
// after another. The model says what calls with known answers do. The package does the rest: a call
// without effect is left out, and one of unknown outcome happened at some time after it began, with
// an unknown answer, or never.
package ordered

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/base/prose"
)

// Spec is a model, and how the calls of a history are its operations.
type Spec struct {
	// Model is as porcupine has it. Its Partition divides the calls of a key further.
	Model porcupine.Model
	// Operation returns a call in terms of the model; ok is false if the model does not know it. The
	// output of a call without an answer is a zero value of the type that its outputs have.
	Operation func(op *history.Operation) (input, output any, ok bool)
	// ReadOnly reports whether a call changes nothing. One of unknown outcome is left out.
	ReadOnly func(op *history.Operation) bool
	// Outputs returns all outputs that a call with this input may have. nil: they are not known.
	Outputs func(input any) []any
	// Memory and Tries bound the search of one key.
	Memory, Tries int64
	Time          time.Duration
}

// Property returns the property that the calls have such an order.
func Property(name string, s Spec) *frame.Property {
	return &frame.Property{
		Name:     name,
		Meaning:  "the calls on each key can have happened one after another, each between its begin and its end, with the answers that they had",
		Decider:  "porcupine",
		Evidence: func(*evidence.Record) string { return "R" },
		Decide:   s.Decide,
		Exercise: func(_ *evidence.Record, figures map[string]float64) string {
			if figures["answered"] == 0 {
				return "no call that the model knows was answered"
			}
			return ""
		},
	}
}

// Decide decides one key.
func (s *Spec) Decide(ctx context.Context, k *evidence.Key) frame.Finding {
	var f frame.Finding
	c, err := s.calls(k)
	if err != nil {
		f.Unknown("%v", err)
		return f
	}
	f.Count("answered", float64(c.answered))
	f.Count("unknown_outcomes", float64(len(c.ops)-c.answered))
	budget := linearize.Budget{Time: s.Time, Memory: s.Memory / int64(runtime.GOMAXPROCS(0)), Tries: s.Tries}
	p := c.problem()
	got := linearize.Decide(ctx, p, budget)
	switch {
	case got.Err != nil:
		f.Unknown("%v", got.Err)
	case got.Result == linearize.Undecided:
		f.Unknown("%s", c.undecided(k, got))
	case got.Result == linearize.Legal:
	case c.guess.mattered.Load() != nil:
		f.Unknown("no order explains the calls on %s, but it is not known what %s answered, which its client did not hear: the model looks at it, so say in Outputs which answers there can be, or in ReadOnly which calls change nothing", k.Name, *c.guess.mattered.Load())
	default:
		c.violated(ctx, &f, k, p, budget)
	}
	return f
}

// Draw writes porcupine's own page about a key.
func (s *Spec) Draw(ctx context.Context, k *evidence.Key, w io.Writer) (calls int, a linearize.Answer, err error) {
	c, err := s.calls(k)
	if err != nil || len(c.ops) > MostDrawn {
		return len(c.ops), a, err
	}
	a, err = linearize.Draw(ctx, c.problem(), linearize.Budget{Time: s.Time, Memory: s.Memory, Tries: s.Tries}, w)
	return len(c.ops), a, err
}

// MostDrawn is how many calls of a key are drawn: a reader cannot look at more.
const MostDrawn = 400

// undecided says why a search ended.
func (c *calls) undecided(k *evidence.Key, got linearize.Answer) string {
	return fmt.Sprintf("the search for an order of %s on %s, of which %d have an unknown outcome, was given up after %s: its bound of %s was reached; fewer clients, more keys or a shorter load make it smaller",
		prose.Count(len(c.ops), "call"), k.Name, len(c.ops)-c.answered, prose.Count(int(got.Tried), "try"), got.Bound)
}

// violated says in words how far orders get.
func (c *calls) violated(ctx context.Context, f *frame.Finding, k *evidence.Key, p linearize.Problem, b linearize.Budget) {
	var shown []int
	least := linearize.Minimise(ctx, p, linearize.Budget{Time: b.Time, Memory: b.Memory, Tries: b.Tries / 4})
	for _, i := range least {
		shown = append(shown, evidence.EventsOf(c.ops[i])...)
	}
	x, got := linearize.Explain(ctx, p, b)
	if got.Result != linearize.Illegal || len(x.Next) == 0 {
		f.Violated(shown, "no order explains the %s on %s", prose.Count(len(c.ops), "call"), k.Name)
		return
	}
	did := 0
	for _, at := range x.Order {
		if at.Did {
			did++
		}
	}
	if len(least) == 0 {
		for _, i := range x.Next {
			shown = append(shown, evidence.EventsOf(c.ops[i])...)
		}
	}
	f.Violated(shown, "no order explains the calls on %s: after %s the state is %s, and then %s",
		k.Name, prose.Count(did, "call"), c.states(x.State), prose.Some(len(x.Next), 3, func(n int) string { return c.impossible(x.Next[n]) }))
}

// impossible says in words that a call cannot come next.
func (c *calls) impossible(i int) string {
	op := c.ops[i]
	return fmt.Sprintf("%s of client %d (%s to %s) is impossible", c.describe(c.operations[i]), op.Client, words.At(op.Began()), words.At(op.Return.Time))
}

// describe returns an operation in the model's words, or as its event has it.
func (c *calls) describe(op porcupine.Operation) (text string) {
	in := op.Input.(*call)
	defer func() {
		if recover() != nil || len(text) > mostText {
			text = in.op.F
		}
	}()
	if c.model.DescribeOperation != nil {
		return c.model.DescribeOperation(in.input, in.output)
	}
	return fmt.Sprintf("%s%s -> %s", in.op.F, jsonOf(in.op.Invoke.Value), jsonOf(in.op.Return.Value))
}

// mostText is how long a call's description in a sentence may be.
const mostText = 200

func jsonOf(v []byte) string {
	if len(v) == 0 {
		return "()"
	}
	return "(" + models.Quoted(string(v)) + ")"
}
