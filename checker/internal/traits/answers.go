package traits

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// Distinct returns the property that no two answers of an operation on a key are equal, as JSON.
func Distinct(operation string) *frame.Property {
	return &frame.Property{
		Name:     operation + "-distinct",
		Meaning:  fmt.Sprintf("no answer of %s was given twice", operation),
		Decider:  "comparison of answers",
		Evidence: func(*evidence.Record) string { return "R" },
		Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
			var f frame.Finding
			first := map[string]*history.Operation{}
			for _, op := range answered(k, operation) {
				text := textOf(op.Return.Value)
				was := first[text]
				if was == nil {
					first[text] = op
					continue
				}
				f.Violated(append(evidence.EventsOf(was), evidence.EventsOf(op)...), "%s of %s answered %s to client %d at %s, and again to client %d at %s",
					operation, k.Name, text, was.Client, words.At(was.Return.Time), op.Client, words.At(op.Return.Time))
			}
			countAnswers(&f, k, operation)
			return f
		},
		Exercise: answers(operation, 2),
	}
}

// Rising returns the property that no answer of an operation on a key, which must be a number, is
// less than one that was given before the call began.
func Rising(operation string) *frame.Property {
	return &frame.Property{
		Name:     operation + "-rising",
		Meaning:  fmt.Sprintf("no answer of %s was less than one that had been given before the call began", operation),
		Decider:  "greatest answer before each call",
		Evidence: func(*evidence.Record) string { return "R" },
		Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
			var f frame.Finding
			decideRising(&f, k, operation)
			return f
		},
		Exercise: answers(operation, 2),
	}
}

// numbered is a call with its answer.
type numbered struct {
	op *history.Operation
	n  *big.Float
}

func decideRising(f *frame.Finding, k *evidence.Key, operation string) {
	var began []numbered
	for _, op := range answered(k, operation) {
		n, ok := numberOf(op.Return.Value)
		if !ok {
			f.Unknown("%s of %s answered %s, which is no number", operation, k.Name, textOf(op.Return.Value))
			return
		}
		began = append(began, numbered{op, n})
	}
	countAnswers(f, k, operation)
	ended := slices.Clone(began)
	slices.SortStableFunc(ended, func(x, y numbered) int { return cmp.Compare(x.op.Return.Time, y.op.Return.Time) })
	var greatest *numbered
	for _, now := range began { // in order of invocation
		for len(ended) > 0 && ended[0].op.Return.Time < now.op.Began() {
			if greatest == nil || ended[0].n.Cmp(greatest.n) > 0 {
				greatest = &ended[0]
			}
			ended = ended[1:]
		}
		if greatest != nil && now.n.Cmp(greatest.n) < 0 {
			f.Violated(append(evidence.EventsOf(greatest.op), evidence.EventsOf(now.op)...), "%s of %s answered %s to client %d at %s, although it had answered %s to client %d by %s, before that call began",
				operation, k.Name, textOf(now.op.Return.Value), now.op.Client, words.At(now.op.Return.Time), textOf(greatest.op.Return.Value), greatest.op.Client, words.At(greatest.op.Return.Time))
		}
	}
}

// countAnswers counts the answered calls of an operation.
func countAnswers(f *frame.Finding, k *evidence.Key, operation string) {
	f.Count("answers", 0)
	for _, op := range answered(k, operation) {
		f.CountCall(k.Record, "answers", op)
	}
}

// answered returns the answered calls of an operation, in order of invocation.
func answered(k *evidence.Key, operation string) (ops []*history.Operation) {
	for _, op := range k.Ops() {
		if op.F == operation && op.Outcome() == history.OK {
			ops = append(ops, op)
		}
	}
	return ops
}

// answers requires a number of answers of an operation.
func answers(operation string, wanted int) func(*evidence.Record, map[string]float64) string {
	return func(_ *evidence.Record, figures map[string]float64) string {
		if n := int(figures["answers"]); n < wanted {
			return fmt.Sprintf("%s was answered only %s, of %d wanted", operation, prose.Count(n, "time"), wanted)
		}
		return ""
	}
}

// textOf returns an answer as compact JSON.
func textOf(v json.RawMessage) string {
	var text bytes.Buffer
	if len(v) == 0 || json.Compact(&text, v) != nil {
		return "nothing"
	}
	return text.String()
}

// numberOf returns an answer as a number with a precision of 256 bits.
func numberOf(v json.RawMessage) (*big.Float, bool) {
	n, _, err := big.ParseFloat(string(v), 10, 256, big.ToNearestEven)
	return n, err == nil
}
