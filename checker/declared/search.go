package declared

import (
	"context"
	"runtime"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/linearize"
)

// Bounds of the search for an order of the calls of one key. Time alone would not do: in a
// testing/synctest bubble it stands still.
const (
	mostTries  = 1_500_000
	mostMemory = 256 << 20 // bytes, for all keys that are decided at once
)

// mostTime is how long a search may take. Tests set another time.
var mostTime = 10 * time.Second

// found is what a search came to.
type found struct {
	decided bool // otherwise a bound was reached
	legal   bool
	longest []porcupine.Operation // an order that is as long as possible, if it was asked for
	tried   int64
	wrong   error // the model does not return, for example
}

// search looks for an order of operations that the model allows, with a number of tries. size is
// roughly how many bytes a state takes.
func search(ctx context.Context, m porcupine.Model, ops []porcupine.Operation, size func(any) int, tries int64, longest bool) found {
	p := linearize.Problem{Model: m, Operations: ops}
	b := linearize.Budget{Time: mostTime, Memory: mostMemory / int64(runtime.GOMAXPROCS(0)), Tries: max(tries, 1), Size: size}
	var f found
	var got linearize.Answer
	if longest {
		var e linearize.Explanation
		e, got = linearize.Explain(ctx, p, b)
		for _, of := range e.Order {
			f.longest = append(f.longest, ops[of.Operation])
		}
	} else {
		got = linearize.Decide(ctx, p, b)
	}
	f.decided, f.legal = got.Result != linearize.Undecided, got.Result == linearize.Legal
	f.tried, f.wrong = got.Tried, got.Err
	return f
}
