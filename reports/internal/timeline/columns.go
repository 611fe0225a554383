package timeline

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/zklab/zklab/history"
	recorded "github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
)

// operations holds the lists of names to which the columns of operations refer.
type operations struct {
	Count    int      `json:"count"`
	Names    []string `json:"names"`
	Keys     []string `json:"keys"`
	Errors   []string `json:"errors"`
	Sessions []string `json:"sessions"`
	Values   []string `json:"values"`
	// NoValues reports whether the values are too long for the page.
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

// mostValues bounds the size of the values on the page, in bytes. The record also has
// them.
const mostValues = 6 << 20

// pack adds the columns of the bars, and the columns of all that the record says about
// each operation.
func (b *builder) pack(c *packing) (o operations) {
	bars := b.bars
	c.add("row", len(bars), func(i int) uint64 { return uint64(bars[i].lane*mostRows + bars[i].row) })
	c.addDelta("from", len(bars), func(i int) uint64 { return uint64(bars[i].from) })
	c.add("length", len(bars), func(i int) uint64 { return uint64(max(0, bars[i].until-bars[i].from)) })
	at := make([]int32, b.m.History.Len()) // the number of an operation, from 1, by the index of its invocation
	ops := make([]int32, 0, len(b.m.Points))
	for i := range bars {
		if bars[i].shows {
			ops = append(ops, bars[i].op)
			at[bars[i].op] = int32(len(ops))
		}
	}
	c.add("op", len(bars), func(i int) uint64 {
		if bars[i].op == noOperation {
			return 0
		}
		return uint64(at[bars[i].op])
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

// returned returns the completion of an operation, or an empty event if there is none.
func returned(op *history.Operation) *history.Event {
	if op.Return == nil {
		return &history.Event{}
	}
	return op.Return
}

// opColumn is a column of operations.
type opColumn struct {
	name  string
	delta bool
	of    func(op *history.Operation) uint64
	last  bool // it uses the names of an earlier column, which numbers them first
}

// operations adds the columns of operations, which are named by their invocations. It reads each operation
// once for all columns, and once more for those that share names with others.
func (b *builder) operations(c *packing, o *operations, ops []int32) {
	var names, keys, codes, values numbering
	high := func(id history.ID) uint64 { return uint64(id) >> 32 }
	low := func(id history.ID) uint64 { return uint64(id) & (1<<32 - 1) }
	traffic := func(op *history.Operation) *history.Traffic {
		if t := returned(op).Traffic; t != nil {
			return t
		}
		return &history.Traffic{}
	}
	size := 0
	value := func(e *history.Event) uint64 {
		if len(e.Value) == 0 || size > mostValues {
			return 0
		}
		before := len(values.names)
		n := values.of(words.Label(string(e.Value), 300))
		if n == before {
			size += len(values.names[n])
		}
		return uint64(n + 1)
	}
	all := []opColumn{
		{name: "f", of: func(op *history.Operation) uint64 { return uint64(names.of(op.F)) }},
		{name: "key", of: func(op *history.Operation) uint64 { return uint64(keys.of(op.Key)) }},
		{name: "client", of: func(op *history.Operation) uint64 { return uint64(op.Client) }},
		{name: "process", of: func(op *history.Operation) uint64 { return uint64(op.Process) }},
		{name: "outcome", of: func(op *history.Operation) uint64 { return uint64(outcomeOf(op)) }},
		{name: "error", of: func(op *history.Operation) uint64 {
			e := returned(op).Error
			if e == nil {
				return 0
			}
			text := e.Code
			if e.Message != "" && e.Message != e.Code {
				text += ": " + e.Message
			}
			return uint64(codes.of(words.Label(text, 200)) + 1)
		}},
		{name: "invoke", delta: true, of: func(op *history.Operation) uint64 { return uint64(op.Invoke.Index) }},
		// The completion's line after that of the invocation; 0 is none.
		{name: "after", of: func(op *history.Operation) uint64 { return uint64(max(0, returned(op).Index-op.Invoke.Index)) }},
		{name: "waited", of: func(op *history.Operation) uint64 { return uint64(max(0, op.Began()-op.Intended()).Microseconds()) }},
		{name: "session", of: func(op *history.Operation) uint64 { return o.session(op.Invoke.Session) }},
		{name: "session2", last: true, of: func(op *history.Operation) uint64 { return o.session(returned(op).Session) }},
		{name: "zxidHigh", of: func(op *history.Operation) uint64 { return high(returned(op).Zxid) }},
		{name: "zxidLow", delta: true, of: func(op *history.Operation) uint64 { return low(returned(op).Zxid) }},
		// Seen before and after: between them lies what the session committed during the operation.
		{name: "seenHigh", of: func(op *history.Operation) uint64 { return high(op.Invoke.Seen) }},
		{name: "seenLow", delta: true, of: func(op *history.Operation) uint64 { return low(op.Invoke.Seen) }},
		{name: "thenHigh", of: func(op *history.Operation) uint64 { return high(returned(op).Seen) }},
		{name: "thenLow", delta: true, of: func(op *history.Operation) uint64 { return low(returned(op).Seen) }},
		{name: "alive", of: func(op *history.Operation) uint64 { return uint64(returned(op).Alive.Microseconds()) }},
		{name: "told", of: func(op *history.Operation) uint64 { return one(returned(op).Traffic != nil) }},
		{name: "requests", of: func(op *history.Operation) uint64 { return uint64(traffic(op).Requests) }},
		{name: "sent", of: func(op *history.Operation) uint64 { return uint64(traffic(op).Sent) }},
		{name: "received", of: func(op *history.Operation) uint64 { return uint64(traffic(op).Received) }},
		{name: "watches", of: func(op *history.Operation) uint64 { return uint64(traffic(op).WatchEvents()) }},
		{name: "asked", of: func(op *history.Operation) uint64 { return value(op.Invoke) }},
		{name: "got", last: true, of: func(op *history.Operation) uint64 { return value(returned(op)) }},
	}
	columns := make([]column, len(all))
	for _, last := range []bool{false, true} {
		for op := range b.m.History.EachAt(ops) {
			for j := range all {
				if all[j].last == last {
					columns[j].add(all[j].of(op), all[j].delta)
				}
			}
		}
	}
	for j := range all {
		c.put(all[j].name, &columns[j], all[j].delta)
	}
	o.Names, o.Keys, o.Errors, o.Values, o.NoValues = names.names, keys.names, codes.names, values.names, size > mostValues
	for i, k := range o.Keys {
		o.Keys[i] = words.Label(k, 200)
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
	// Absent reports whether the transactions of the servers are unknown.
	Absent bool `json:"absent,omitempty"`
}

// mostTxns bounds the transactions on the page.
const mostTxns = 100_000

// transactions adds what the servers committed, near the violations if there is too much.
func (b *builder) transactions(c *packing, o *operations) (t transactions) {
	if b.m.Dir == "" {
		t.Absent = true
		return t
	}
	near, ok := b.firstTxn()
	w := &txnWindow{most: mostTxns, near: near, found: !ok}
	err := history.EachTxn(filepath.Join(b.m.Dir, "transactions.jsonl"), w.add)
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
	c.add("txnPath", len(all), func(i int) uint64 { return uint64(paths.of(words.Label(txnPath(&all[i]), 120))) })
	t.Types, t.Paths, o.Sessions = types.names, paths.names, o.sessions.names
	return t
}

// firstTxn returns a zxid from the first violation. The page shows the transactions around
// it.
func (b *builder) firstTxn() (near history.ID, ok bool) {
	for _, f := range b.focus {
		for _, i := range f.Events {
			if e := material.EventAt(b.m.History, i); e != nil && max(e.Zxid, e.Seen) != 0 {
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
		return fmt.Sprintf("%s of ephemeral znodes", words.Plural(len(t.Paths), "delete"))
	case len(t.Parts) > 0:
		last := t.Parts[len(t.Parts)-1]
		return fmt.Sprintf("%s, the last one %s %s", words.Plural(len(t.Parts), "part"), last.Type, last.Path)
	}
	return ""
}

// bands returns the bands of faults, which are drawn behind all lanes.
func (b *builder) bands() (all []faultBand) {
	colours := looks.Tints(b.m.FaultKinds())
	for _, w := range b.m.Windows {
		all = append(all, faultBand{w.From.Microseconds(), w.Until.Microseconds(), colours[w.Kind].Hatched(), words.Label(fmt.Sprintf("fault #%d %s", w.Fault, w.Spec), 80)})
	}
	return all
}

// mostMoments bounds the elections and the ends of sessions on the page.
const mostMoments = 20_000

// moments returns elections, and the ends of sessions in the lanes of their clients.
func (b *builder) moments() (all []landmark) {
	for _, e := range recorded.Of(b.m.History).Elections {
		all = append(all, landmark{fmt.Sprintf("server %d leads", e.Server), e.At.Microseconds(), -1, "election"})
	}
	for _, e := range b.m.History.Facts() {
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
	}{{"election", "", itemFor(looks.Grey, "a leader was elected")}, {"session", "", itemFor(looks.Vermillion, "a client was told that its session had expired")}} {
		if slices.ContainsFunc(all, func(m landmark) bool { return m.Kind == kind.kind }) {
			legend.Items = append(legend.Items, kind.item)
		}
	}
	return legend
}
