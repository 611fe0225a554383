package object

import (
	"fmt"
	"reflect"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/declared"
)

// Porcupine is the rule that a model of github.com/anishathalye/porcupine explains all answers, object by
// object, and within an object by the model's Partition. values returns a call as the model's input and output;
// the output of a call without an answer must be a zero value of the type that outputs have. A
// NondeterministicModel has the method ToModel. The rule is called "porcupine", and has the bounds of
// [Sequential].
//
// The model is never asked about what it cannot know. A call without an answer ([IsUnheard]) may have happened
// at any time after it began, or never, and is left out if its operation is read-only. Its step is tried with
// all answers that it may have had: those of a type with few values (a bool, a struct of bools, None), or the
// outputs of [PorcupineModel.Outputs]. Otherwise it is tried with some outputs, which is enough if they make
// no difference to the step, as with a put. If they do, and no order is found, the verdict is unknown and
// says so.
//
// A refusal ([IsRefused]) is a step like an answer, and must lead to the same state.
func Porcupine(model porcupine.Model, values func(*Did) (input, output any)) *PorcupineModel {
	return &PorcupineModel{place: here(), model: model, values: values}
}

// PorcupineModel is the rule that [Porcupine] returns. Its methods change the rule and return it; call them
// before [Object.Workload].
type PorcupineModel struct {
	place
	model   porcupine.Model
	values  func(*Did) (input, output any)
	outputs func(input any) []any
}

// Outputs lists the outputs that a call with an input may have: all of them.
func (p *PorcupineModel) Outputs(f func(input any) []any) *PorcupineModel { p.outputs = f; return p }

func (p *PorcupineModel) rules(operations []*operation) ([]declared.Rule, error) {
	of := map[string]*operation{}
	for _, o := range operations {
		of[o.name], o.ruled = o, true
	}
	m := &declared.Porcupine{
		Name: "porcupine", Meaning: "one order of the calls explains every answer, by the model of the program",
		Declared: string(p.place),
		Model:    p.model,
		Reads:    func(operation string) bool { return of[operation].reads },
		Plain:    func(operation string) bool { return of[operation].plain },
		Cached:   func(operation string) bool { return of[operation].load.Cached },
		Answer:   func(operation string) reflect.Type { return of[operation].answer },
		Outputs:  p.outputs,
	}
	if p.values != nil {
		m.Values = func(c *declared.Call) (input, output any, ok bool) {
			input, output = p.values(c)
			return input, output, true
		}
	}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("the rule Porcupine: %w", err)
	}
	return []declared.Rule{m.Rule()}, nil
}
