package history

// pairing maps events to operations.
type pairing struct {
	events []Event
	ops    []*Operation
	of     []*Operation // by index of the event
}

func (p *pairing) isOf(events []Event) bool {
	n := len(events)
	return n == len(p.events) && (n == 0 || &events[0] == &p.events[0])
}

func pair(events []Event) *pairing {
	n := 0
	for i := range events {
		if events[i].begins() {
			n++
		}
	}
	all := make([]Operation, n)
	p := &pairing{events: events, ops: make([]*Operation, 0, n), of: make([]*Operation, len(events))}
	open := map[Process]*Operation{}
	for i := range events {
		e := &events[i]
		switch op := open[e.Process]; {
		case e.begins():
			op = &all[len(p.ops)]
			*op = Operation{Process: e.Process, Client: e.Client, F: e.F, Key: e.Key, Invoke: e}
			p.ops, p.of[i], open[e.Process] = append(p.ops, op), op, op
		case op != nil:
			op.Return, p.of[i] = e, op
			delete(open, e.Process)
		}
	}
	p.ops = p.ops[:n:n]
	return p
}

// begins reports whether the event is the invocation of an operation.
func (e *Event) begins() bool { return e.Process >= 0 && e.Type == Invoke }
