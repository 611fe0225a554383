package serve

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	recorded "github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/reports"
)

// pulse is what a run is doing, by its record as it grows. It is for one goroutine at a time.
type pulse struct {
	tail      history.Tail
	model     *models.Model
	activity  *faults.Activity
	faults    recorded.List
	clients   int                               // the highest number and one
	calls     map[history.Process]time.Duration // intended starts of calls under way
	slots     []counts                          // of the time since the beginning
	latencies []latency
	totals    counts
	phase     string
	now       time.Duration
	ended     bool
}

// counts are operations by outcome.
type counts struct{ OK, Fail, Info int }

// latency is that of one success.
type latency struct{ at, took time.Duration }

// Figures are of so much time, the latest.
const (
	figuresOf = 10 * time.Second
	drawnOf   = 90 // seconds in the picture
	slot      = 250 * time.Millisecond
	perSecond = int(time.Second / slot)
	// mostSlots bounds the memory of a record whose times are wrong.
	mostSlots = 1 << 21
)

// read takes what was added to the record.
func (p *pulse) read(r io.ReaderAt) error { return p.tail.Next(r, p.take) }

func (p *pulse) take(e *history.Event) {
	if p.model == nil {
		p.model = models.Named(p.tail.Header.Model)
		p.activity = faults.NewActivity(p.model)
		p.calls = map[history.Process]time.Duration{}
	}
	p.now = max(p.now, e.Time)
	switch {
	case e.Process >= 0:
		p.operation(e)
	case e.Process == history.Nemesis:
		p.fact(e)
	}
}

func (p *pulse) operation(e *history.Event) {
	p.clients = max(p.clients, min(e.Client+1, mostClients))
	p.activity.Observe(*e)
	if p.model.Operation(e.F).Local { // it is no load
		return
	}
	if e.Type == history.Invoke {
		start := e.Time
		if e.Intended != 0 {
			start = e.Intended
		}
		p.calls[e.Process] = start
		return
	}
	start, ok := p.calls[e.Process]
	delete(p.calls, e.Process)
	at := e.Time / slot
	if !ok || at >= mostSlots {
		return
	}
	for len(p.slots) <= int(at) {
		p.slots = append(p.slots, counts{})
	}
	p.totals.add(e.Type)
	p.slots[at].add(e.Type)
	if e.Type == history.OK {
		p.latencies = append(p.latencies, latency{e.Time, e.Time - start})
	}
}

// mostClients bounds the clients that are asked what they do.
const mostClients = 10_000

func (c *counts) add(outcome history.Type) {
	switch outcome {
	case history.OK:
		c.OK++
	case history.Fail:
		c.Fail++
	default:
		c.Info++
	}
}

// plus adds others.
func (c *counts) plus(d counts) {
	c.OK, c.Fail, c.Info = c.OK+d.OK, c.Fail+d.Fail, c.Info+d.Info
}

// grouped adds up so many counts in a row.
func grouped(all []counts, size int) (sums []counts) {
	for i, c := range all {
		if i%size == 0 {
			sums = append(sums, counts{})
		}
		sums[len(sums)-1].plus(c)
	}
	return sums
}

func (p *pulse) fact(e *history.Event) {
	if step, ok := recorded.StepOf(e); ok {
		p.faults.Add(e, step)
		return
	}
	switch e.F {
	case history.FPhase:
		var phase history.Phase
		if e.Decode(&phase) == nil {
			p.phase = phase.Name
		}
	case history.FEnd:
		p.ended = true
	}
}

// snapshot is a pulse as the page of a run shows it.
type snapshot struct {
	Phase    string   `json:"phase"`
	Elapsed  string   `json:"elapsed"`
	Rate     string   `json:"rate"`
	P99      string   `json:"p99"`
	Outcomes string   `json:"outcomes"`
	Faults   []string `json:"faults"`
	Holders  []string `json:"holders"`
	Waiting  string   `json:"waiting"`
	Findings []string `json:"findings"`
	Looked   string   `json:"looked"`
	Seconds  []counts `json:"seconds"`
	Error    string   `json:"error,omitempty"`
}

func (p *pulse) snapshot() snapshot {
	s := snapshot{Elapsed: elapsed(p.now), Phase: p.phase, Rate: p.rate(), P99: p.p99(), Faults: p.underWay(), Seconds: p.latest()}
	if p.ended {
		s.Phase = "checking the record"
	}
	s.Outcomes = fmt.Sprintf("%s ok, %s failed, %s unknown", reports.Thousands(p.totals.OK), reports.Thousands(p.totals.Fail), reports.Thousands(p.totals.Info))
	s.Holders, s.Waiting = p.whoHolds()
	return s
}

// latest are the last seconds that are over.
func (p *pulse) latest() []counts {
	over := min(int(p.now/time.Second), mostSlots/perSecond)
	from := max(0, over-drawnOf)
	sums := make([]counts, over-from)
	for i := range sums {
		for at := (from + i) * perSecond; at < min((from+i+1)*perSecond, len(p.slots)); at++ {
			sums[i].plus(p.slots[at])
		}
	}
	return sums
}

// rate is that of the last seconds that are over.
func (p *pulse) rate() string {
	last := p.latest()
	last = last[max(0, len(last)-int(figuresOf/time.Second)):]
	if len(last) == 0 {
		return ""
	}
	sum := 0
	for _, s := range last {
		sum += s.OK
	}
	return fmt.Sprintf("%.1f ok per second", float64(sum)/float64(len(last)))
}

// p99 is that of the latest successes.
func (p *pulse) p99() string {
	from := p.now - figuresOf
	p.latencies = slices.DeleteFunc(p.latencies, func(l latency) bool { return l.at < from })
	if len(p.latencies) == 0 {
		return ""
	}
	var took []time.Duration
	for _, l := range p.latencies {
		took = append(took, l.took)
	}
	slices.Sort(took)
	return reports.Length(took[(len(took)*99)/100])
}

// underWay are the faults that are not over, and since when.
func (p *pulse) underWay() (all []string) {
	for _, f := range p.faults.All {
		if f.Over != history.Never || f.Injected > p.now {
			continue
		}
		what := "being injected"
		if f.Took {
			what = "in effect"
		}
		if f.HealBegan > 0 {
			what = "being healed"
		}
		name := f.Spec
		if name == "" {
			name = f.Kind
		}
		all = append(all, fmt.Sprintf("%s: %s, for %s", printable.Text(name, 80), what, elapsed(p.now-f.Injected)))
	}
	return all
}

// whoHolds says which client holds which key, and how many wait.
func (p *pulse) whoHolds() (holders []string, waiting string) {
	if p.activity == nil {
		return nil, ""
	}
	held := map[string][]string{}
	var keys []string
	waits := 0
	for client := range p.clients {
		switch p.activity.Doing(client) {
		case faults.Holding:
			key := p.activity.Key(client)
			if held[key] == nil {
				keys = append(keys, key)
			}
			held[key] = append(held[key], fmt.Sprint(client))
		case faults.Waiting:
			waits++
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		who := "client "
		if len(held[key]) > 1 {
			who = "clients "
		}
		who += strings.Join(held[key], ", ")
		if key != "" {
			who = printable.Text(key, 60) + ": " + who
		}
		holders = append(holders, who)
	}
	return holders, fmt.Sprint(waits)
}

// elapsed is a time in a run, to a tenth of a second.
func elapsed(d time.Duration) string {
	if d >= 2*time.Minute {
		return reports.Length(d)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
