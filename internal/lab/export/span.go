package export

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
)

// span is an operation or a fault, as traces show them.
type span struct {
	id       string // unique in the record
	client   int    // -1 for a fault
	name     string
	from, to time.Duration
	// problem says why an operation is not ok; "" if it is ok, and for a fault.
	problem    string
	attributes []attribute
	marks      []mark // moments within the span
}

// attribute is a detail of a span. Its value is a string or an int.
type attribute struct {
	name  string
	value any
}

type mark struct {
	name string
	at   time.Duration
}

// spansOf returns the operations and the faults of a record. Those without an end of their own end with the
// record.
func spansOf(h *history.History) []span {
	if len(h.Events) == 0 {
		return nil
	}
	end := h.Events[len(h.Events)-1].Time
	var all []span
	for _, op := range h.Operations() {
		all = append(all, operationSpan(op, end))
	}
	for _, f := range faults.Of(h).All {
		all = append(all, faultSpan(f, end))
	}
	return all
}

func operationSpan(op *history.Operation, end time.Duration) span {
	s := span{id: fmt.Sprint("operation ", op.Invoke.Index), client: op.Client, name: op.F, from: op.Began(), to: end}
	add := func(name string, value any) { s.attributes = append(s.attributes, attribute{name, value}) }
	add("index", op.Invoke.Index)
	add("client", op.Client)
	add("process", int(op.Process))
	add("key", op.Key)
	add("outcome", string(op.Outcome()))
	if late := op.Began() - op.Intended(); late > 0 {
		add("late_us", microseconds(late))
	}
	if op.Outcome() != history.OK {
		s.problem = cmp.Or(errorText(op), string(op.Outcome()))
	}
	if op.Return == nil {
		s.problem = "no end was recorded"
		return s
	}
	s.to = op.Return.Time
	if op.Return.Session != 0 {
		add("session", op.Return.Session.String())
	}
	if t := op.Return.Traffic; t != nil {
		add("requests", t.Requests)
		add("sent_bytes", t.Sent)
		add("received_bytes", t.Received)
		for _, at := range t.Events {
			s.marks = append(s.marks, mark{"watch event", at})
		}
	}
	return s
}

func faultSpan(f *faults.Fault, end time.Duration) span {
	s := span{id: fmt.Sprint("fault ", f.Number), client: -1, name: cmp.Or(f.Spec, f.Kind), from: f.Injected, to: end}
	if f.Over != history.Never {
		s.to = f.Over
	}
	add := func(name string, value any) { s.attributes = append(s.attributes, attribute{name, value}) }
	add("fault", f.Number)
	add("kind", f.Kind)
	add("outcome", f.Outcome)
	if len(f.Servers) > 0 {
		add("servers", numbers(f.Servers))
	}
	if len(f.Clients) > 0 {
		add("clients", numbers(f.Clients))
	}
	if f.WhyNot != "" {
		add("why_not", f.WhyNot)
	}
	for _, m := range []mark{{"took effect", f.Verified}, {"new leader", f.ElectedAt}, {"heal began", f.HealBegan}} {
		if m.at > 0 {
			s.marks = append(s.marks, m)
		}
	}
	return s
}

// numbers returns numbers with commas between them.
func numbers(n []int) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(n), " ", ","), "[]") }
