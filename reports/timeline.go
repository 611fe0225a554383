package reports

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"image/color"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
)

//go:embed templates/timeline.html.tmpl
var timelineTemplate string

var timelinePage = template.Must(template.New("timeline").Parse(timelineTemplate))

// mostBars limits the page. Beyond it, bars near a violation are kept first.
const mostBars = 40000

// mostRows is the maximum number of bars of a lane below each other.
const mostRows = 8

// timeline is the data of the page's script. Times are in microseconds since the run began. There
// are many bars, so they refer to colours and texts by number.
type timeline struct {
	Lanes   []lane   `json:"lanes"`
	Bars    []tbar   `json:"bars"`
	Colours []string `json:"colours"`
	Texts   []string `json:"texts"`
	Focus   []focus  `json:"focus"`
	End     int64    `json:"end"`
}

type lane struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
}

// tbar is a bar of the timeline. In its text, {d} stands for its length, {n} for its number, and
// {x} for the number in hexadecimal.
type tbar struct {
	lane, row    int
	from, until  int64
	colour, text int
	number       int64
}

// MarshalJSON writes a bar as an array, which is a third as long as an object.
func (t tbar) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[%d,%d,%d,%d,%d,%d,%d]", t.lane, t.row, t.from, t.until-t.from, t.colour, t.text, t.number), nil
}

// focus is a period worth a look.
type focus struct {
	Name  string `json:"name"`
	From  int64  `json:"a"`
	Until int64  `json:"b"`
}

// timeline returns the page that shows what each client held and did, and when.
func (m *material) timeline() ([]byte, error) {
	b := newTimelineBuilder(m)
	b.faults()
	b.objects()
	b.clients()
	data, left := b.finish()
	legends := []pageLegend{b.objectLegend(), operationLegend(), m.faultLegend()}
	var buf bytes.Buffer
	err := timelinePage.Execute(&buf, map[string]any{
		"Style": template.CSS(styleSheet), "Tab": m.tab("Timeline "), "Title": m.r.Recipe, "Data": data, "Left": leftOut(left), "Makers": makersOf(m.r),
		"Legends": slices.DeleteFunc(legends, func(l pageLegend) bool { return len(l.Items) == 0 }),
	})
	return buf.Bytes(), err
}

// leftOut says how many bars are not drawn. It returns "" if all are.
func leftOut(bars int) string {
	if bars == 0 {
		return ""
	}
	return plural(bars, "bar")
}

// timelineBuilder collects lanes and their bars.
type timelineBuilder struct {
	m       *material
	lanes   numbering
	colours numbering
	texts   numbering
	bars    []tbar
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

func newTimelineBuilder(m *material) *timelineBuilder {
	b := &timelineBuilder{m: m}
	for i, v := range violations(m.r.Verdicts) {
		if i == mostCounterexamples {
			break
		}
		if f, ok := m.focusOn(v); ok {
			b.focus = append(b.focus, f)
		}
	}
	return b
}

// focusOn returns the period of a counterexample with some margin.
func (m *material) focusOn(v checker.Verdict) (focus, bool) {
	from, until := time.Duration(-1), time.Duration(0)
	for _, i := range v.Counterexample {
		if e := eventAt(m.h, i); e != nil {
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
	if v.Measured && !m.r.Strict { // decides nothing, so the run may be valid
		name = "measured: " + v.Property
	}
	if v.Key != "" {
		name += " " + label(v.Key, 24)
	}
	return focus{name, max(0, from-room).Microseconds(), (until + room).Microseconds()}, true
}

func (b *timelineBuilder) add(lane string, s stats.Span, colour color.NRGBA, number int64, text string) {
	b.bars = append(b.bars, tbar{
		lane: b.lanes.of(lane), from: s.From.Microseconds(), until: s.Until.Microseconds(),
		colour: b.colours.of(css(colour)), text: b.texts.of(text), number: number,
	})
	if len(b.bars) == 2*mostBars {
		b.prune()
	}
}

// prune keeps the bars that fit, nearest to the violations first; of equally near ones those that were
// added first. Large runs have many times as many bars, so they are pruned as they come.
func (b *timelineBuilder) prune() {
	if over := len(b.bars) - mostBars; over > 0 {
		slices.SortStableFunc(b.bars, func(x, y tbar) int { return cmp.Compare(b.distance(x), b.distance(y)) })
		b.bars, b.left = b.bars[:mostBars], b.left+over
	}
}

func (b *timelineBuilder) faults() {
	colours := tints(b.m.faultKinds())
	var ends []time.Duration // of the last fault in each lane: those that overlap have lanes of their own
	for _, w := range b.m.windows {
		lane := slices.IndexFunc(ends, func(end time.Duration) bool { return end <= w.From })
		if lane < 0 {
			lane, ends = len(ends), append(ends, 0)
		}
		ends[lane] = w.Until
		name := "faults"
		if lane > 0 {
			name += " " + strconv.Itoa(lane+1)
		}
		b.add(name, w.Span, colours[w.Kind], int64(w.Fault), "fault #{n} "+cmp.Or(w.Spec, w.Kind)+", {d}")
	}
}

// faultKinds returns the kinds of the faults that occurred, in their order.
func (m *material) faultKinds() (kinds []string) {
	for _, w := range m.windows {
		if !slices.Contains(kinds, w.Kind) {
			kinds = append(kinds, w.Kind)
		}
	}
	return kinds
}

// objects shows what the clients share: the holders of keys, the contents of queues, the rounds
// under way.
func (b *timelineBuilder) objects() {
	switch b.m.model().State {
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

func (b *timelineBuilder) holds() {
	all := slices.Clone(b.m.holds)
	slices.SortStableFunc(all, func(x, y *holds.Hold) int { return cmp.Compare(x.Key, y.Key) })
	for _, h := range all {
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
		b.add("key "+h.Key, spanOf(h), clientColour(h.Client), int64(h.Token)&(1<<53-1), text)
	}
	for _, o := range b.m.overlaps {
		b.add("believed by two", stats.Span{From: o.From, Until: o.Until}, vermillion, 0,
			fmt.Sprintf("clients %d and %d believed for {d} that they held %s", o.First.Client, o.Second.Client, o.First.Key))
	}
}

func (b *timelineBuilder) items() {
	items := queuedItems(b.m.h)
	slices.SortStableFunc(items, func(x, y queued) int { return cmp.Compare(x.key, y.key) })
	for _, f := range items {
		taken := "not taken"
		if f.taken >= 0 {
			taken = fmt.Sprintf("taken by client %d", f.taken)
		}
		b.add("items in "+f.key, f.Span, clientColour(f.put), 0, fmt.Sprintf("%s in %s for {d}, put by client %d, %s", f.item, f.key, f.put, taken))
	}
}

// raised shows when each round was raised, as the coordinator knew it.
func (b *timelineBuilder) raised() {
	for _, up := range b.m.record.Stays(b.m.model()) {
		b.stay("raised", up, purple, up.Begin.Key+" was raised")
	}
}

// inside shows which clients were inside, and when.
func (b *timelineBuilder) inside() {
	for _, in := range b.m.record.Stays(b.m.model()) {
		op := in.Begin
		b.stay("inside", in, clientColour(op.Client), fmt.Sprintf("client %d was inside %s", op.Client, op.Key))
	}
}

func (b *timelineBuilder) stay(lane string, s *holds.Stay, colour color.NRGBA, text string) {
	how := " for {d}"
	if s.Open {
		how = " to the end of the record"
	}
	b.add(lane, stats.Span{From: s.From, Until: s.Until}, colour, 0, text+how)
}

// clients shows every operation of every client.
func (b *timelineBuilder) clients() {
	ops := slices.Clone(b.m.h.Operations())
	slices.SortStableFunc(ops, func(x, y *history.Operation) int { return x.Client - y.Client })
	for _, op := range ops {
		span := stats.Span{From: op.Began(), Until: b.m.end}
		how := "never returned"
		if op.Return != nil {
			span.Until = op.Return.Time
			how = string(op.Return.Type) + " after {d}"
			if op.Return.Error != nil {
				how += ", " + op.Return.Error.Code
			}
		}
		b.add(fmt.Sprintf("client %d", op.Client), span, operationColour(op), int64(op.Invoke.Index),
			fmt.Sprintf("client %d, process %d: %s %s %s (event {n})", op.Client, op.Process, op.F, op.Key, how))
	}
}

// operationColour leaves successful operations grey, so that the others stand out and the colours
// of clients mean only holds.
func operationColour(op *history.Operation) color.NRGBA {
	switch op.Outcome() {
	case history.OK:
		return middleGrey
	case history.Fail:
		return vermillion
	}
	return orange
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

func itemFor(c color.NRGBA, name string) legendItem { return legendItem{template.CSS(css(c)), name} }

// operationLegend explains the lanes of the clients.
func operationLegend() pageLegend {
	return pageLegend{"Operations of the clients:", []legendItem{
		itemFor(middleGrey, "ok"), itemFor(vermillion, "failed (no effect)"), itemFor(orange, "unknown"),
	}}
}

// faultLegend explains the lanes of the faults. If there are many kinds, some share a colour.
func (m *material) faultLegend() pageLegend {
	legend, kinds := pageLegend{Title: "Faults:"}, m.faultKinds()
	colours := tints(kinds)
	for _, kind := range kinds {
		item := itemFor(colours[kind], kind)
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
func (b *timelineBuilder) objectLegend() (legend pageLegend) {
	switch b.m.model().State {
	case models.Filled:
		legend.Title = "Items by who put them in:"
	case models.Entered:
		legend.Title = "Inside a barrier:"
	case models.Exclusive, models.Shared, models.ReadWrite:
		legend.Title = "Held by:"
	default:
		return pageLegend{}
	}
	for c := range min(b.clientCount(), len(clientColours)) {
		legend.Items = append(legend.Items, itemFor(clientColour(c), fmt.Sprintf("client %d", c)))
	}
	return legend
}

func (b *timelineBuilder) clientCount() int {
	last := -1
	for _, p := range b.m.points {
		last = max(last, p.Client)
	}
	return last + 1
}

// finish arranges the bars of a lane so that they do not hide each other.
func (b *timelineBuilder) finish() (data timeline, left int) {
	b.prune()
	slices.SortStableFunc(b.bars, func(x, y tbar) int {
		return cmp.Or(cmp.Compare(x.lane, y.lane), cmp.Compare(x.from, y.from), cmp.Compare(x.until, y.until))
	})
	rows := packRows(b.bars)
	data = timeline{Bars: b.bars, Colours: b.colours.names, Texts: b.texts.names, Focus: b.focus, End: b.m.end.Microseconds()}
	for i, name := range b.lanes.names {
		data.Lanes = append(data.Lanes, lane{label(name, 32), max(1, rows[i])})
	}
	return data, b.left
}

// distance returns how far a bar is from the nearest violation or, without violations, from the
// start.
func (b *timelineBuilder) distance(t tbar) int64 {
	if len(b.focus) == 0 {
		return t.from
	}
	nearest := b.m.end.Microseconds()
	for _, f := range b.focus {
		nearest = min(nearest, max(0, f.From-t.until, t.from-f.Until))
	}
	return nearest
}

// packRows gives each bar the first free row of its lane, and returns the number of rows of each
// lane.
func packRows(bars []tbar) map[int]int {
	rows := map[int]int{}
	free := map[[2]int]int64{}
	for i := range bars {
		t := &bars[i]
		for t.row < mostRows-1 && free[[2]int{t.lane, t.row}] > t.from {
			t.row++
		}
		free[[2]int{t.lane, t.row}] = t.until
		rows[t.lane] = max(rows[t.lane], t.row+1)
	}
	return rows
}
