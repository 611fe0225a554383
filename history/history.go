package history

// History is a record that was read back, or still is in memory.
type History struct {
	Header Header
	Events []Event

	// Complete says that the record has its end mark. Truncated says that the
	// last line was cut off (a crash) and left out. Damage lists what else is
	// wrong with it, for people: time running back, two open operations of one
	// process.
	Complete  bool
	Truncated bool
	Damage    []string
}

// Operations pairs invocations with completions, in order of invocation.
// Facts of Nemesis and SessionProcess are left out.
func (h *History) Operations() []*Operation {
	var ops []*Operation
	open := map[Process]*Operation{}
	for i := range h.Events {
		e := &h.Events[i]
		if e.Process < 0 {
			continue
		}
		if e.Type == Invoke {
			op := &Operation{Process: e.Process, Client: e.Client, F: e.F, Key: e.Key, Invoke: e}
			open[e.Process] = op
			ops = append(ops, op)
			continue
		}
		if op := open[e.Process]; op != nil {
			op.Return = e
			delete(open, e.Process)
		}
	}
	return ops
}
