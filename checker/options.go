package checker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// Options say how to check. The zero value works.
type Options struct {
	// Strict makes measured properties (belief) count.
	Strict bool
	// Budget is how long checking may take altogether; 0 means 60 s. A property that is not decided
	// by then is unknown. In a testing/synctest bubble, time stands still while a check runs:
	// there, the reference model is bounded by a number of tries instead, and the other checks need
	// no bound.
	Budget time.Duration
	// SearchTime bounds the search for an order of the calls on one key of a user's own object; 0 means
	// 10 s. The number of tries that such a search may take grows with it.
	SearchTime time.Duration
	// Memory is roughly how many bytes searches may use: the searches of the reference model, of the
	// rules that a program declares for its own objects, and of a Porcupine that does not set a bound
	// itself. 0 means 256 MiB. Everything else needs memory in proportion to the history.
	Memory int64
	// Model is the model to check by, if the history does not name one.
	Model string
	// Extra are checks in addition to those of the model. One that panics, or gives no verdict, leaves
	// its property undecided.
	Extra []Check
	// Transactions lists what the ensemble committed during the run, in the order of their zxids
	// (history.OpenTxns), as far as that is known: evidence "L". They may begin late, end early and
	// have holes. A transaction that is there counts. One that is missing proves something only if
	// the zxids show that the list is whole. Checks do not change them.
	Transactions []history.Txn
	// Packed are the transactions of a large run, in place of Transactions; nil if they are not known.
	Packed *history.PackedTxns
	// Quick leaves counterexamples as they are found, if it would take long to find out which of
	// their calls matter.
	Quick bool
	// NoReference leaves the reference model, and so porcupine, out.
	NoReference bool
}

func (o Options) budget() time.Duration {
	if o.Budget <= 0 {
		return time.Minute
	}
	return o.Budget
}

// read reads a record with its transactions.
func (o Options) read(ctx context.Context, h *history.History, m frame.Model) *evidence.Record {
	switch {
	case !h.Packed() && o.Packed != nil:
		return evidence.Read(ctx, h, m.Object, o.Packed.List())
	case !h.Packed() || o.Packed == nil:
		return evidence.Read(ctx, h, m.Object, o.Transactions)
	}
	return evidence.ReadPacked(ctx, h, m.Object, o.Packed)
}

func (o Options) memory() int64 {
	if o.Memory <= 0 {
		return evidence.DefaultMemory
	}
	return o.Memory
}

// Usable returns an error, of one line, if checks cannot be asked about histories that begin with a
// header, in addition to the checks of their model.
func Usable(extra []Check, of history.Header) error {
	m, _ := modelOf(of, Options{}) // without one, there are no properties
	var names []string
	for _, c := range extra {
		switch {
		case c == nil:
			return errors.New("one of the checks is nil")
		case c.Name() == "":
			return fmt.Errorf("a check of type %T has no name", c)
		case slices.Contains(names, c.Name()):
			return fmt.Errorf("two checks are called %q: give each a name of its own", c.Name())
		case slices.ContainsFunc(m.Properties, func(p *frame.Property) bool { return p.Name == c.Name() }):
			return fmt.Errorf("a check is called %q, as a property of %s is: give it another name", c.Name(), m.Object.Subject())
		}
		names = append(names, c.Name())
	}
	return nil
}
