package timeline

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"image/color"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/inks"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
)

//go:embed templates/timeline.html.tmpl
var timelineTemplate string

//go:embed templates/timeline.js
var timelineScript string

var timelinePage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("timeline").Parse(timelineTemplate))
})

// mostBars limits the page. Beyond it, bars near a violation are kept first.
const mostBars = 3_000_000

// mostRows is the maximum number of bars of a lane below each other.
const mostRows = 8

// timeline has the data that the page's script needs besides the columns. Times are in microseconds
// since the run began. There are many bars, so they refer to colours and texts by number.
type timeline struct {
	Lanes    []lane       `json:"lanes"`
	Colours  []string     `json:"colours"`
	Texts    []string     `json:"texts"`
	Focus    []focus      `json:"focus"`
	Bands    []faultBand  `json:"bands"`
	Moments  []landmark   `json:"moments"`
	End      int64        `json:"end"`
	Bars     int          `json:"bars"`
	Ops      operations   `json:"ops"`
	Txns     transactions `json:"txns"`
	Columns  []columnName `json:"columns"`
	Outcomes []string     `json:"outcomes"` // names of outcomes, and their colours
	Tints    []string     `json:"tints"`
	// Dark maps colours to their counterparts on dark pages.
	Dark map[string]string `json:"dark"`
}

type lane struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
	// About says what the bars of the lane are.
	About string `json:"about"`
}

// tbar is a bar of the timeline. In its text, {d} stands for its length, {n} for its number, and
// {x} for the number in hexadecimal. op is the operation that it shows or that began it; noOperation if
// there is none.
type tbar struct {
	from, until  int64
	number       int64
	lane, row    int32
	colour, text int32
	op           int32 // by the index of its invocation
	shows        bool  // it is the bar of op itself
}

// noOperation is the op of a bar without one.
const noOperation = -1

// invocation returns the index of an operation's invocation; op may be nil.
func invocation(op *history.Operation) int32 {
	if op == nil {
		return noOperation
	}
	return int32(op.Invoke.Index)
}

// focus is a period worth a look, with the events of the counterexample in it.
type focus struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
	From   int64  `json:"a"`
	Until  int64  `json:"b"`
	Events []int  `json:"events"`
}

// faultBand is a fault, drawn behind all lanes.
type faultBand struct {
	From   int64  `json:"a"`
	Until  int64  `json:"b"`
	Colour string `json:"c"`
	Name   string `json:"name"`
}

// landmark is an event without a length, drawn across one lane or, if Lane is -1, across all.
type landmark struct {
	Name string `json:"name"`
	At   int64  `json:"t"`
	Lane int    `json:"lane"`
	Kind string `json:"kind"` // election or session
}

// Page returns the page that shows what each client held and did, and when. style is the style sheet of all
// pages.
func Page(m *material.Run, style string) ([]byte, error) {
	b := newBuilder(m)
	b.faults()
	b.objects()
	b.clients()
	data, packed, left := b.finish()
	legends := []pageLegend{b.objectLegend(), operationLegend(), faultLegend(m), momentLegend(data.Moments)}
	var buf bytes.Buffer
	err := timelinePage().Execute(&buf, map[string]any{
		"Style": template.CSS(style), "Tab": m.Tab("Timeline "), "Title": m.Result.Recipe, "Data": data, "Left": leftOut(left), "Makers": material.MakersOf(m.Result),
		"Script": template.JS(timelineScript), "Clients": b.clientNumbers(),
		"Legends": slices.DeleteFunc(legends, func(l pageLegend) bool { return len(l.Items) == 0 }),
	})
	return bytes.Replace(buf.Bytes(), []byte(columnsHere), packed, 1), err
}

// columnsHere marks where the columns go in the page. The template does not process that much text.
const columnsHere = "{columns}"

// leftOut says how many bars are not drawn. It returns "" if all are.
func leftOut(bars int) string {
	if bars == 0 {
		return ""
	}
	return words.Plural(bars, "bar")
}

// builder collects lanes and their bars.
type builder struct {
	m       *material.Run
	lanes   numbering
	about   []string // of lanes
	colours numbering
	texts   numbering
	bars    []tbar
	most    int // bars on the page
	left    int // bars that did not fit
	focus   []focus
}

// numbering numbers strings in the order of their first use.
type numbering struct {
	number map[string]int
	names  []string
}

func (n *numbering) of(name string) int {
	i, ok := n.number[name]
	if !ok {
		if n.number == nil {
			n.number = map[string]int{}
		}
		i = len(n.names)
		n.number[name], n.names = i, append(n.names, name)
	}
	return i
}

func newBuilder(m *material.Run) *builder {
	b := &builder{m: m, most: mostBars}
	for i, v := range verdicts.Violations(m.Result.Verdicts) {
		if i == verdicts.MostCounterexamples {
			break
		}
		if f, ok := focusOn(m, v); ok {
			b.focus = append(b.focus, f)
		}
	}
	return b
}

// focusOn returns the period of a counterexample with some margin.
func focusOn(m *material.Run, v checker.Verdict) (focus, bool) {
	from, until := time.Duration(-1), time.Duration(0)
	for _, i := range v.Counterexample {
		if e := material.EventAt(m.History, i); e != nil {
			if from < 0 || e.Time < from {
				from = e.Time
			}
			until = max(until, e.Time)
		}
	}
	if from < 0 {
		return focus{}, false
	}
	room := max((until-from)/4, 5*time.Millisecond)
	name := "violation: " + v.Property
	if v.Measured && !m.Result.Strict { // decides nothing, so the run may be valid
		name = "measured: " + v.Property
	}
	if v.Key != "" {
		name += " " + words.Label(v.Key, 24)
	}
	return focus{name, words.Label(v.Reason, 300), max(0, from-room).Microseconds(), (until + room).Microseconds(), v.Counterexample}, true
}

// lane returns the number of a lane, which is made if it does not exist.
func (b *builder) lane(name, about string) int {
	i := b.lanes.of(name)
	if i == len(b.about) {
		b.about = append(b.about, about)
	}
	return i
}

// lanesOf makes a lane for each key, in the order of the keys.
func (b *builder) lanesOf(prefix string, keys []string, about string) {
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		b.lane(prefix+key, about)
	}
}

func (b *builder) add(lane int, s stats.Span, colour color.NRGBA, number int64, text string, op *history.Operation) {
	b.addIn(lane, s, looks.Css(colour), number, text, op)
}

// addIn adds a bar in a colour as the script takes it.
func (b *builder) addIn(lane int, s stats.Span, colour string, number int64, text string, op *history.Operation) {
	b.bars = append(b.bars, tbar{
		lane: int32(lane), from: s.From.Microseconds(), until: s.Until.Microseconds(),
		colour: int32(b.colours.of(colour)), text: int32(b.texts.of(text)), number: number, op: invocation(op),
	})
	if len(b.bars) == 2*b.most {
		b.prune()
	}
}

// prune keeps the bars that fit, nearest to the violations first. Large runs have many times as many bars,
// so they are pruned as they come.
func (b *builder) prune() {
	if over := len(b.bars) - b.most; over > 0 {
		slices.SortFunc(b.bars, func(x, y tbar) int {
			return cmp.Or(cmp.Compare(b.distance(x), b.distance(y)), cmp.Compare(x.lane, y.lane), cmp.Compare(x.from, y.from))
		})
		b.bars, b.left = b.bars[:b.most], b.left+over
	}
}

func (b *builder) faults() {
	colours := looks.Tints(b.m.FaultKinds())
	var ends []time.Duration // of the last fault in each lane; faults that overlap have lanes of their own
	for _, w := range b.m.Windows {
		lane := slices.IndexFunc(ends, func(end time.Duration) bool { return end <= w.From })
		if lane < 0 {
			lane, ends = len(ends), append(ends, 0)
		}
		ends[lane] = w.Until
		name := "faults"
		if lane > 0 {
			name += " " + strconv.Itoa(lane+1)
		}
		b.addIn(b.lane(name, "faults, from injection to heal"), w.Span, colours[w.Kind].Hatched(), int64(w.Fault), "fault #{n} "+cmp.Or(w.Spec, w.Kind)+", {d}", nil)
	}
}

// objects shows what the clients share: the holders of keys, the contents of queues, the rounds
// under way.
func (b *builder) objects() {
	switch b.m.Model().State {
	case models.Filled:
		b.items()
	case models.Raised:
		b.raised()
	case models.Entered:
		b.inside()
	case models.Exclusive, models.Shared, models.ReadWrite:
		b.holds()
	}
}

func (b *builder) holds() {
	var keys []string
	for _, h := range b.m.Holds {
		keys = append(keys, h.Key)
	}
	b.lanesOf("key ", keys, "who held the key")
	for _, h := range b.m.Holds {
		how := "until it was lost"
		switch h.Ended {
		case holds.Open:
			how = "to the end of the record"
		case holds.ByRelease, holds.ByNext:
			how = "until its release"
		}
		text := fmt.Sprintf("client %d held %s for {d}, %s", h.Client, h.Key, how)
		switch {
		case h.Token < 0 || h.Token >= 1<<53: // a script's numbers are not that exact
			text += ", token " + h.Token.String()
		case h.Token > 0:
			text += ", token {x}"
		}
		b.add(b.lanes.of("key "+h.Key), material.SpanOf(h), looks.ClientColour(h.Client), int64(h.Token)&(1<<53-1), text, h.Grant)
	}
	for _, o := range b.m.Overlaps {
		b.add(b.lane("believed by two", "two clients believed that they held one key"), stats.Span{From: o.From, Until: o.Until}, looks.Vermillion, 0,
			fmt.Sprintf("clients %d and %d believed for {d} that they held %s", o.First.Client, o.Second.Client, o.First.Key), o.Second.Grant)
	}
}

func (b *builder) items() {
	items := material.QueuedItems(b.m.History)
	var keys []string
	for _, f := range items {
		keys = append(keys, f.Key)
	}
	b.lanesOf("items in ", keys, "items, from put to take")
	for _, f := range items {
		taken := "not taken"
		if f.Taken >= 0 {
			taken = fmt.Sprintf("taken by client %d", f.Taken)
		}
		b.add(b.lanes.of("items in "+f.Key), f.Span, looks.ClientColour(f.Put), 0, fmt.Sprintf("item in %s for {d}, put by client %d, %s", f.Key, f.Put, taken), f.Op)
	}
}

// raised shows when each round was raised, as the coordinator knew it.
func (b *builder) raised() {
	for _, up := range b.m.Record.Stays(b.m.Model()) {
		b.stay(b.lane("raised", "when the barrier was raised"), up, looks.Purple, up.Begin.Key+" was raised")
	}
}

// inside shows which clients were inside, and when.
func (b *builder) inside() {
	for _, in := range b.m.Record.Stays(b.m.Model()) {
		op := in.Begin
		b.stay(b.lane("inside", "which clients were inside"), in, looks.ClientColour(op.Client), fmt.Sprintf("client %d was inside %s", op.Client, op.Key))
	}
}

func (b *builder) stay(lane int, s *holds.Stay, colour color.NRGBA, text string) {
	how := " for {d}"
	if s.Open {
		how = " to the end of the record"
	}
	b.add(lane, stats.Span{From: s.From, Until: s.Until}, colour, 0, text+how, s.Begin)
}

// clients shows every operation of every client.
func (b *builder) clients() {
	lanes := map[int]int{}
	for _, p := range b.m.Points {
		lanes[p.Client] = 0
	}
	for _, c := range slices.Sorted(maps.Keys(lanes)) {
		lanes[c] = b.lane(clientLane(c), "operations of the client")
	}
	b.bars = slices.Grow(b.bars, len(b.m.Points))
	for op := range b.m.History.EachOperation() {
		until := b.m.End
		if op.Return != nil {
			until = op.Return.Time
		}
		b.bars = append(b.bars, tbar{
			lane: int32(lanes[op.Client]), from: op.Began().Microseconds(), until: until.Microseconds(),
			op: invocation(op), shows: true,
		})
	}
}

// clientLane returns the name of the lane with the operations of a client.
func clientLane(client int) string { return fmt.Sprintf("client %d", client) }

// shownOutcomes are the outcomes of operations.
var shownOutcomes = []struct {
	name   string
	colour color.NRGBA
}{{"ok", looks.Outcomes[0].Colour}, {"failed", looks.Outcomes[1].Colour}, {"unknown", looks.Outcomes[2].Colour}, {"never returned", looks.Outcomes[2].Colour}}

// outcomeOf returns the number of an operation's outcome.
func outcomeOf(op *history.Operation) int {
	switch {
	case op.Return == nil:
		return 3
	case op.Return.Type == history.OK:
		return 0
	case op.Return.Type == history.Fail:
		return 1
	}
	return 2
}

// pageLegend explains the colours of some lanes of a page.
type pageLegend struct {
	Title string
	Items []legendItem
}

// legendItem is a colour with its meaning, for pages.
type legendItem struct {
	Colour template.CSS
	Name   string
}

func itemFor(c color.NRGBA, name string) legendItem {
	return legendItem{template.CSS(looks.OnBoth(c)), name}
}

// operationLegend explains the lanes of the clients.
func operationLegend() pageLegend {
	legend := pageLegend{Title: "A row of a client has its operations:"}
	for _, o := range looks.Outcomes {
		legend.Items = append(legend.Items, itemFor(o.Colour, o.Name))
	}
	return legend
}

// faultLegend explains the lanes of the faults. If there are many kinds, some share a colour.
func faultLegend(m *material.Run) pageLegend {
	legend, kinds := pageLegend{Title: "Faults, also as bands behind all rows:"}, m.FaultKinds()
	colours := looks.Tints(kinds)
	for _, kind := range kinds {
		item := legendItem{colours[kind].Background(), kind}
		if i := slices.IndexFunc(legend.Items, func(l legendItem) bool { return l.Colour == item.Colour }); i >= 0 {
			legend.Items[i].Name += ", " + kind
			continue
		}
		legend.Items = append(legend.Items, item)
	}
	return legend
}

// objectLegend explains the lanes between faults and clients. It is empty if there are none, or if
// they have a single colour.
func (b *builder) objectLegend() (legend pageLegend) {
	switch b.m.Model().State {
	case models.Filled:
		legend.Title = "A row of a queue has its items, by who put them in:"
	case models.Entered:
		legend.Title = "The row inside has who was inside the barrier:"
	case models.Exclusive, models.Shared, models.ReadWrite:
		legend.Title = "A row of a key has who held it. Held by:"
	default:
		return pageLegend{}
	}
	for c := range min(b.clientCount(), len(looks.ClientColours)) {
		legend.Items = append(legend.Items, itemFor(looks.ClientColour(c), fmt.Sprintf("client %d", c)))
	}
	return legend
}

// clientNumbers returns the numbers of all clients, for the filter.
func (b *builder) clientNumbers() (all []int) {
	for c := range b.clientCount() {
		all = append(all, c)
	}
	return all
}

func (b *builder) clientCount() int {
	last := -1
	for _, p := range b.m.Points {
		last = max(last, p.Client)
	}
	return last + 1
}

// finish arranges the bars of a lane so that they do not hide each other. It returns the bars that
// fit as columns.
func (b *builder) finish() (data timeline, packed []byte, left int) {
	b.prune()
	slices.SortFunc(b.bars, func(x, y tbar) int { // a stable sort takes ten times as long, and this one also gives the same order each time
		return cmp.Or(cmp.Compare(x.lane, y.lane), cmp.Compare(x.from, y.from), cmp.Compare(x.until, y.until))
	})
	rows := packRows(b.bars)
	data = timeline{
		Colours: b.colours.names, Texts: b.texts.names, Focus: b.focus, Bands: b.bands(), Moments: b.moments(), End: b.m.End.Microseconds(), Bars: len(b.bars),
	}
	data.Dark = map[string]string{}
	for _, ink := range inks.All() {
		data.Dark[ink.Light] = ink.Dark
	}
	for _, o := range shownOutcomes {
		data.Outcomes, data.Tints = append(data.Outcomes, o.name), append(data.Tints, looks.Css(o.colour))
	}
	for i, name := range b.lanes.names {
		data.Lanes = append(data.Lanes, lane{words.Label(name, 32), max(1, rows[int32(i)]), b.about[i]})
	}
	c := newPacking()
	data.Ops = b.pack(c)
	data.Txns = b.transactions(c, &data.Ops)
	data.Columns = c.Names
	return data, c.text(), b.left
}

// distance returns how far a bar is from the nearest violation or, without violations, from the
// start.
func (b *builder) distance(t tbar) int64 {
	if len(b.focus) == 0 {
		return t.from
	}
	nearest := b.m.End.Microseconds()
	for _, f := range b.focus {
		nearest = min(nearest, max(0, f.From-t.until, t.from-f.Until))
	}
	return nearest
}

// packRows puts each bar into the first free row of its lane, and returns the number of rows of each
// lane. The bars are in order of their lanes.
func packRows(bars []tbar) map[int32]int {
	rows := map[int32]int{}
	var until []int64 // when each row of the lane is free
	for i := range bars {
		t := &bars[i]
		if i > 0 && t.lane != bars[i-1].lane {
			until = until[:0]
		}
		for int(t.row) < min(mostRows-1, len(until)) && until[t.row] > t.from {
			t.row++
		}
		if int(t.row) == len(until) {
			until = append(until, 0)
		}
		until[t.row] = t.until
		rows[t.lane] = len(until)
	}
	return rows
}
