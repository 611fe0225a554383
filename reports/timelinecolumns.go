package reports

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/zklab/zklab/history"
	recorded "github.com/zklab/zklab/history/faults"
)

// operations are the names to which the columns of operations refer.
type operations struct {
	Count    int      `json:"count"`
	Names    []string `json:"names"`
	Keys     []string `json:"keys"`
	Errors   []string `json:"errors"`
	Sessions []string `json:"sessions"`
	Values   []string `json:"values"`
	// NoValues says that the values are too long to be on the page.
	NoValues bool `json:"no_values,omitempty"`

	sessions numbering
	numbers  map[history.ID]uint64 // of sessions
}

// session returns the number of a session, from 1; 0 is none.
func (o *operations) session(id history.ID) uint64 {
	if id == 0 {
		return 0
	}
	n, ok := o.numbers[id]
	if !ok {
		if o.numbers == nil {
			o.numbers = map[history.ID]uint64{}
		}
		n = uint64(o.sessions.of(id.String()) + 1)
		o.numbers[id] = n
	}
	return n
}

// mostValues bounds the values on the page, in bytes: the record has them, too.
const mostValues = 6 << 20

// pack adds the bars, and of each operation all that the record says.
func (b *timelineBuilder) pack(c *packing) (o operations) {
	bars := b.bars
	c.add("row", len(bars), func(i int) uint64 { return uint64(bars[i].lane*mostRows + bars[i].row) })
	c.addDelta("from", len(bars), func(i int) uint64 { return uint64(bars[i].from) })
	c.add("length", len(bars), func(i int) uint64 { return uint64(max(0, bars[i].until-bars[i].from)) })
	at := make([]int32, len(b.m.h.Events)) // by the index of the invocation: the number, from 1
	ops := make([]*history.Operation, 0, len(b.m.h.Operations()))
	for i := range bars {
		if bars[i].shows {
			ops = append(ops, bars[i].op)
			at[bars[i].op.Invoke.Index] = int32(len(ops))
		}
	}
	c.add("op", len(bars), func(i int) uint64 {
		if bars[i].op == nil {
			return 0
		}
		return uint64(at[bars[i].op.Invoke.Index])
	})
	c.add("shows", len(bars), func(i int) uint64 { return one(bars[i].shows) })
	c.add("colour", len(bars), func(i int) uint64 { return uint64(bars[i].colour) })
	c.add("text", len(bars), func(i int) uint64 { return uint64(bars[i].text) })
	c.add("number", len(bars), func(i int) uint64 { return uint64(bars[i].number) })
	o.Count = len(ops)
	b.operations(c, &o, ops)
	return o
}

func one(yes bool) uint64 {
	if yes {
		return 1
	}
	return 0
}

// returned is the completion of an operation, or an event without anything.
func returned(op *history.Operation) *history.Event {
	if op.Return == nil {
		return &history.Event{}
	}
	return op.Return
}

func (b *timelineBuilder) operations(c *packing, o *operations, ops []*history.Operation) {
	var names, keys, codes, values numbering
	add := func(name string, value func(op *history.Operation) uint64) {
		c.add(name, len(ops), func(i int) uint64 { return value(ops[i]) })
	}
	delta := func(name string, value func(op *history.Operation) uint64) {
		c.addDelta(name, len(ops), func(i int) uint64 { return value(ops[i]) })
	}
	add("f", func(op *history.Operation) uint64 { return uint64(names.of(op.F)) })
	add("key", func(op *history.Operation) uint64 { return uint64(keys.of(op.Key)) })
	add("client", func(op *history.Operation) uint64 { return uint64(op.Client) })
	add("process", func(op *history.Operation) uint64 { return uint64(op.Process) })
	add("outcome", func(op *history.Operation) uint64 { return uint64(outcomeOf(op)) })
	add("error", func(op *history.Operation) uint64 {
		e := returned(op).Error
		if e == nil {
			return 0
		}
		text := e.Code
		if e.Message != "" && e.Message != e.Code {
			text += ": " + e.Message
		}
		return uint64(codes.of(label(text, 200)) + 1)
	})
	delta("invoke", func(op *history.Operation) uint64 { return uint64(op.Invoke.Index) })
	add("after", func(op *history.Operation) uint64 { // the completion's line after that of the invocation; 0 is none
		return uint64(max(0, returned(op).Index-op.Invoke.Index))
	})
	add("waited", func(op *history.Operation) uint64 { return uint64(max(0, op.Began()-op.Intended()).Microseconds()) })
	add("session", func(op *history.Operation) uint64 { return o.session(op.Invoke.Session) })
	add("session2", func(op *history.Operation) uint64 { return o.session(returned(op).Session) })
	high := func(id history.ID) uint64 { return uint64(id) >> 32 }
	low := func(id history.ID) uint64 { return uint64(id) & (1<<32 - 1) }
	add("zxidHigh", func(op *history.Operation) uint64 { return high(returned(op).Zxid) })
	delta("zxidLow", func(op *history.Operation) uint64 { return low(returned(op).Zxid) })
	// Seen before and after: between them is what the session committed during the operation.
	add("seenHigh", func(op *history.Operation) uint64 { return high(op.Invoke.Seen) })
	delta("seenLow", func(op *history.Operation) uint64 { return low(op.Invoke.Seen) })
	add("thenHigh", func(op *history.Operation) uint64 { return high(returned(op).Seen) })
	delta("thenLow", func(op *history.Operation) uint64 { return low(returned(op).Seen) })
	add("alive", func(op *history.Operation) uint64 { return uint64(returned(op).Alive.Microseconds()) })
	traffic := func(op *history.Operation) *history.Traffic {
		if t := returned(op).Traffic; t != nil {
			return t
		}
		return &history.Traffic{}
	}
	add("told", func(op *history.Operation) uint64 { return one(returned(op).Traffic != nil) })
	add("requests", func(op *history.Operation) uint64 { return uint64(traffic(op).Requests) })
	add("sent", func(op *history.Operation) uint64 { return uint64(traffic(op).Sent) })
	add("received", func(op *history.Operation) uint64 { return uint64(traffic(op).Received) })
	add("watches", func(op *history.Operation) uint64 { return uint64(traffic(op).WatchEvents()) })
	size := 0
	value := func(e *history.Event) uint64 {
		if len(e.Value) == 0 || size > mostValues {
			return 0
		}
		before := len(values.names)
		n := values.of(label(string(e.Value), 300))
		if n == before {
			size += len(values.names[n])
		}
		return uint64(n + 1)
	}
	add("asked", func(op *history.Operation) uint64 { return value(op.Invoke) })
	add("got", func(op *history.Operation) uint64 { return value(returned(op)) })
	o.Names, o.Keys, o.Errors, o.Values, o.NoValues = names.names, keys.names, codes.names, values.names, size > mostValues
	for i, k := range o.Keys {
		o.Keys[i] = label(k, 200)
	}
	o.Sessions = o.sessions.names
}

// transactions are the names to which the columns of transactions refer.
type transactions struct {
	Count int      `json:"count"`
	Types []string `json:"types"`
	Paths []string `json:"paths"`
	// Left is how many are not on the page.
	Left int `json:"left,omitempty"`
	// Absent says that it is not known what the servers committed.
	Absent bool `json:"absent,omitempty"`
}

// mostTxns bounds the transactions on the page.
const mostTxns = 100_000

// transactions adds what the servers committed, near the violations if there is too much.
func (b *timelineBuilder) transactions(c *packing, o *operations) (t transactions) {
	if b.m.dir == "" {
		t.Absent = true
		return t
	}
	near, ok := b.firstTxn()
	w := &txnWindow{most: mostTxns, near: near, found: !ok}
	err := history.EachTxn(filepath.Join(b.m.dir, "transactions.jsonl"), w.add)
	if err != nil { // the report says why, if it is a defect of the file
		t.Absent = true
		return t
	}
	all := w.txns()
	t.Left = w.count - len(all)
	t.Count = len(all)
	var types, paths numbering
	c.add("txnHigh", len(all), func(i int) uint64 { return uint64(all[i].Zxid) >> 32 })
	c.addDelta("txnLow", len(all), func(i int) uint64 { return uint64(all[i].Zxid) & (1<<32 - 1) })
	c.add("txnSession", len(all), func(i int) uint64 { return o.session(all[i].Session) })
	c.add("txnType", len(all), func(i int) uint64 { return uint64(types.of(txnWords(&all[i]))) })
	c.add("txnPath", len(all), func(i int) uint64 { return uint64(paths.of(label(txnPath(&all[i]), 120))) })
	t.Types, t.Paths, o.Sessions = types.names, paths.names, o.sessions.names
	return t
}

// firstTxn returns a zxid of the first violation. The transactions of the page are those around it.
func (b *timelineBuilder) firstTxn() (near history.ID, ok bool) {
	for _, f := range b.focus {
		for _, i := range f.Events {
			if e := eventAt(b.m.h, i); e != nil && max(e.Zxid, e.Seen) != 0 {
				return max(e.Zxid, e.Seen), true
			}
		}
	}
	return 0, false
}

func txnWords(t *history.Txn) string {
	switch {
	case t.Error != 0:
		return t.Type + ", refused"
	case t.Owner != 0:
		return t.Type + ", ephemeral"
	}
	return t.Type
}

func txnPath(t *history.Txn) string {
	switch {
	case t.Path != "":
		return t.Path
	case len(t.Paths) > 0:
		return fmt.Sprintf("%s of ephemeral znodes", plural(len(t.Paths), "delete"))
	case len(t.Parts) > 0:
		last := t.Parts[len(t.Parts)-1]
		return fmt.Sprintf("%s, the last one %s %s", plural(len(t.Parts), "part"), last.Type, last.Path)
	}
	return ""
}

// bands are the faults behind all lanes.
func (b *timelineBuilder) bands() (all []faultBand) {
	colours := tints(b.m.faultKinds())
	for _, w := range b.m.windows {
		all = append(all, faultBand{w.From.Microseconds(), w.Until.Microseconds(), css(colours[w.Kind]), label(fmt.Sprintf("fault #%d %s", w.Fault, w.Spec), 80)})
	}
	return all
}

// mostMoments bounds the elections and the ends of sessions on the page.
const mostMoments = 20_000

// moments are elections, and the ends of sessions in the rows of their clients.
func (b *timelineBuilder) moments() (all []landmark) {
	for _, e := range recorded.Of(b.m.h).Elections {
		all = append(all, landmark{fmt.Sprintf("server %d leads", e.Server), e.At.Microseconds(), -1, "election"})
	}
	for i := range b.m.h.Events {
		e := &b.m.h.Events[i]
		if len(all) == mostMoments {
			break
		}
		lane, ok := b.lanes.number[clientLane(e.Client)]
		if e.Process != history.SessionProcess || e.F != history.FExpired || !ok {
			continue
		}
		all = append(all, landmark{fmt.Sprintf("client %d was told that its session %s had expired", e.Client, e.Session), e.Time.Microseconds(), lane, "session"})
	}
	return all
}

// momentLegend explains the lines of moments. It is empty if there are none.
func momentLegend(all []landmark) (legend pageLegend) {
	legend.Title = "Lines:"
	for _, kind := range []struct {
		kind, name string
		item       legendItem
	}{{"election", "", itemFor(blue, "a leader was elected")}, {"session", "", itemFor(purple, "a client was told that its session had expired")}} {
		if slices.ContainsFunc(all, func(m landmark) bool { return m.Kind == kind.kind }) {
			legend.Items = append(legend.Items, kind.item)
		}
	}
	return legend
}
