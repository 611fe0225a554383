package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/samples"
)

// Times writes the times that were measured as CSV, in microseconds, the shortest of each measure
// first.
func Times(w io.Writer, s *samples.Samples) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"measure", "of", "us", "at_least", "count"}) // Flush reports errors
	for _, m := range samples.Measures() {
		for _, part := range m.Parts(s) {
			for b, n := range m.Of(s, part).All() {
				_ = out.Write([]string{m.Name, part, strconv.FormatInt(b.Time.Microseconds(), 10), strconv.FormatBool(b.AtLeast), strconv.Itoa(n)})
			}
		}
	}
	out.Flush()
	return out.Error()
}

// Operations writes the operations of a record as CSV, in order of invocation. Times are
// microseconds since the run began, to the nanosecond.
func Operations(w io.Writer, h *history.History) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"index", "client", "process", "key", "f", "intended_us", "invoked_us", "returned_us", "outcome", "error"})
	for _, op := range h.Operations() {
		returned := ""
		if op.Return != nil {
			returned = microseconds(op.Return.Time)
		}
		_ = out.Write([]string{
			strconv.Itoa(op.Invoke.Index), strconv.Itoa(op.Client), strconv.Itoa(int(op.Process)), op.Key, op.F,
			microseconds(op.Intended()), microseconds(op.Began()), returned, string(op.Outcome()), errorText(op),
		})
	}
	out.Flush()
	return out.Error()
}

// microseconds returns a time with three decimals.
func microseconds(d time.Duration) string {
	return fmt.Sprintf("%d.%03d", d/time.Microsecond, d%time.Microsecond)
}

// errorText says why an operation did not succeed; "" if nothing was recorded.
func errorText(op *history.Operation) string {
	if op.Return == nil || op.Return.Error == nil {
		return ""
	}
	if e := op.Return.Error; e.Message == "" {
		return e.Code
	}
	return op.Return.Error.Code + ": " + op.Return.Error.Message
}
