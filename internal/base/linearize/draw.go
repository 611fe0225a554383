package linearize

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/panics"
)

// Draw searches as [Decide] does and, if the answer is not undecided, writes porcupine's own page,
// HTML with its script inside: the operations, and the order that it found, or how far orders got.
// It takes memory in proportion to the square of the operations.
func Draw(c context.Context, p Problem, b Budget, w io.Writer) (Answer, error) {
	if err := check(p.Model); err != nil {
		return Answer{Result: Undecided, Err: err}, nil
	}
	parts, err := p.parts()
	if err != nil {
		return Answer{Result: Undecided, Err: err}, nil
	}
	n := len(p.Operations)
	m := p.stepping()
	if size := b.Size; size != nil && p.After != nil {
		b.Size = func(state any) int { return size(state.(*inOrder).state) }
	}
	s := newSearch(c, m, b, stepCost(n)+8*int64(n))
	searched := inTurn(s.model) // porcupine searches parts at the same time
	searched.Partition = func([]porcupine.Operation) [][]porcupine.Operation { return parts }
	var info porcupine.LinearizationInfo
	a := s.wait(func() (result porcupine.CheckResult) {
		result, info = porcupine.CheckOperationsVerbose(searched, p.Operations, 0)
		return result
	})
	if a.Result == Undecided {
		return a, nil
	}
	return a, draw(m, info, w)
}

// draw writes the page in the model's words.
func draw(m porcupine.Model, info porcupine.LinearizationInfo, w io.Writer) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the model panicked while its states and operations were described: %v%s", v, panics.Place())
		}
	}()
	describe := m.DescribeOperation
	m.DescribeOperation = func(input, _ any) string {
		o := input.(*step)
		if describe != nil {
			return describe(o.Input, o.Output)
		}
		return fmt.Sprintf("%v -> %v", o.Input, o.Output)
	}
	m.Step = func(state, input, output any) (bool, any) {
		return m.StepContext(context.Background(), state, input, output)
	}
	return porcupine.Visualize(m, info, w)
}

// inTurn returns the model with functions that are called only one at a time.
func inTurn(m porcupine.Model) porcupine.Model {
	var mu sync.Mutex
	inner, equal, hash := m.StepContext, m.Equal, m.Hash
	m.StepContext = func(c ctx, state, input, output any) (bool, any) {
		mu.Lock()
		defer mu.Unlock()
		return inner(c, state, input, output)
	}
	m.Equal = func(a, b any) bool {
		mu.Lock()
		defer mu.Unlock()
		return equal(a, b)
	}
	if hash != nil {
		m.Hash = func(state any) uint64 {
			mu.Lock()
			defer mu.Unlock()
			return hash(state)
		}
	}
	begin := m.Init
	m.Init = func() any {
		mu.Lock()
		defer mu.Unlock()
		return begin()
	}
	return m
}
