package history

// pairing maps events to operations.
type pairing struct {
	events []Event
	ops    []*Operation
	of     []int32 // by index of the event: the number of its operation, from 1; 0 for none
	facts  []*Event
	stray  []int32 // completions without an invocation
}

func (p *pairing) isOf(events []Event) bool {
	n := len(events)
	return n == len(p.events) && (n == 0 || &events[0] == &p.events[0])
}

func pair(events []Event) *pairing {
	n, facts := 0, 0
	for i := range events {
		switch {
		case events[i].begins():
			n++
		case events[i].Process < 0:
			facts++
		}
	}
	all := make([]Operation, n)
	p := &pairing{events: events, ops: make([]*Operation, 0, n), of: make([]int32, len(events)), facts: make([]*Event, 0, facts)}
	open := map[Process]int32{}
	for i := range events {
		e := &events[i]
		if e.Process < 0 {
			p.facts = append(p.facts, e)
			continue
		}
		switch number := open[e.Process]; {
		case e.begins():
			op := &all[len(p.ops)]
			op.begin(e)
			p.ops = append(p.ops, op)
			number = int32(len(p.ops))
			p.of[i], open[e.Process] = number, number
		case number > 0:
			p.ops[number-1].Return, p.of[i] = e, number
			delete(open, e.Process)
		default:
			p.stray = append(p.stray, int32(i))
		}
	}
	p.ops = p.ops[:n:n]
	return p
}

// begins reports whether the event is the invocation of an operation.
func (e *Event) begins() bool { return e.Process >= 0 && e.Type == Invoke }

func (o *Operation) begin(e *Event) {
	*o = Operation{Process: e.Process, Client: e.Client, F: e.F, Key: e.Key, Invoke: e}
}
