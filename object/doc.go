// Package object tests recipes of any kind: an ID generator, a rate limiter, a bank of accounts. A program
// declares what zklab does not know of them, and gets what zklab's own recipes have: faults, simulations that
// repeat exactly, sweeps, exploration, shrinking, and reports with stories and pictures.
//
// An [Object] declares three things:
//
//   - The contract: operations ([Call], [Ask], [Give], [Do]), which are methods of the subject.
//   - The load: how often clients call each operation, with which arguments, and which of them they call at
//     the end ([Op.Weight], [Op.When], [Op.Final]).
//   - The promise: rules. A sequential specification ([Sequential]) says what each operation does to a state,
//     and zklab decides whether one order of the calls explains all answers. [Exclusive], [Queue], [Owned], [Fenced], [Distinct]
//     and [Rising] say what kind of operations there are, and need no model. [Property] is a function that
//     decides by itself, and [Porcupine] takes a model of github.com/anishathalye/porcupine.
//
// For an ID generator:
//
//	var (
//		next = object.Ask("next", (*Generator).Next).Weight(9)
//		last = object.Ask("last", (*Generator).Last).Final()
//	)
//
//	var ids = object.Object[*Generator]{
//		Name: "id-generator", New: object.OnConn(NewGenerator),
//		Operations: []object.Operation[*Generator]{next, last},
//		Rules: []object.Rule{object.Sequential(int64(0),
//			object.Runs(next, func(n int64, _ object.None) (int64, int64, error) { return n + 1, n + 1, nil }),
//			object.Runs(last, func(n int64, _ object.None) (int64, int64, error) { return n, n, nil }),
//		)},
//	}
//
//	func TestIDs(t *testing.T) { zklab.Simulate(t, zklab.Experiment{Workload: ids.Workload()}) }
//
// # What counts as an answer
//
// A call that returned without an error is answered. An error that the operation declares
// ([Op.Refuses]) is also an answer. An error that promises that there was no effect
// (subjects.WithoutEffect) means that the call did not happen. After any other error the outcome is
// unknown: the call happened at some time after it began, or never, and zklab tries both.
package object
