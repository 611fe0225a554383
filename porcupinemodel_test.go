package zklab_test

import (
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// storeInput is what a client asks of a register: a key-value store of one key for each znode.
type storeInput struct {
	op, key, value, old string
}

// storeModel is written from porcupine's documentation alone.
var storeModel = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		in := input.(storeInput)
		switch in.op {
		case "get":
			return output == state, state
		case "cas":
			return state == in.old, in.value
		}
		return true, in.value
	},
}

// storeCheck decides the writes and fenced reads of registers. Their other reads may be stale.
var storeCheck = checker.Porcupine{
	Model: storeModel,
	Operation: func(op *history.Operation) (any, any, bool) {
		in := storeInput{key: op.Key}
		switch op.F {
		case models.FWrite:
			var v models.Writing
			ok := op.Invoke.Decode(&v) == nil
			in.op, in.value = "put", v.Value
			return in, "", ok
		case models.FCAS:
			var v models.Swap
			ok := op.Invoke.Decode(&v) == nil
			in.op, in.value, in.old = "cas", v.To, v.From
			return in, "", ok
		}
		var kind models.HowRead
		if op.F != models.FRead || op.Invoke.Decode(&kind) != nil || kind.Kind != models.ReadFenced {
			return nil, nil, false
		}
		var v models.Reading
		ok := op.Outcome() != history.OK || op.Return.Decode(&v) == nil
		in.op = "get"
		return in, v.Value, ok
	},
	ReadOnly: func(op *history.Operation) bool { return op.F == models.FRead },
	Outputs:  func(any) []any { return []any{""} },
}

// A model of porcupine's, unchanged, finds the store right under faults, and convicts a stale read
// that is put into the record.
func TestPorcupineModelUnderFaults(t *testing.T) {
	schedule := must.Get(plan.Parse("lose-reply:setData:who=all/1s", time.Second))(t)
	o := must.Get(zklab.SimulateIn(t, zklab.Experiment{Workload: workloads.Register{New: subjects.NewRegister}, Seed: 7, Faults: schedule, TimeLimit: 20 * time.Second}))(t)
	vs := storeCheck.Check(t.Context(), o.History)
	if len(vs) != 1 || vs[0].Result != checker.Valid || vs[0].Figures["answered"] < 100 || vs[0].Figures["unknown_outcomes"] == 0 {
		t.Fatalf("%+v", vs)
	}
	planted := o.History.With(slices.Clone(o.History.Events))
	last := map[string]string{} // by key: the first value that was read
	for _, op := range o.History.Operations() {
		input, output, ok := storeCheck.Operation(op)
		if !ok || input.(storeInput).op != "get" || op.Outcome() != history.OK || output == "" {
			continue
		}
		first := last[op.Key]
		if first == "" {
			last[op.Key] = output.(string)
		}
		if first == "" || first == output {
			continue
		}
		planted.Events[op.Return.Index].Value = []byte(`{"value":"` + first + `"}`)
	}
	vs = storeCheck.Check(t.Context(), planted)
	if vs[0].Result != checker.Violation || len(vs[0].Counterexample) == 0 || len(vs[0].Counterexample) > 8 {
		t.Errorf("with stale reads: %+v", vs)
	}
}
