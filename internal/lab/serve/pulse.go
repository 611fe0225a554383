package serve

import (
	"cmp"
	"fmt"
	"io"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/progress"
)

// pulse derives what a run is doing from its growing record. It is for one goroutine at a time.
type pulse struct {
	progress.Pulse
	tail history.Tail
	made bool // the header was read
}

// drawnOf is the number of seconds that the picture shows.
const drawnOf = 90

// read reads what was added to the record. declare adds the declaration of the objects to its header.
func (p *pulse) read(r io.ReaderAt, declare func(*history.Header)) error {
	return p.tail.Next(r, func(e *history.Event) {
		if !p.made {
			declare(&p.tail.Header)
			p.Pulse, p.made = *progress.NewPulse(models.OfHeader(p.tail.Header)), true
		}
		p.Observe(e)
	})
}

// grouped adds up groups of size consecutive counts.
func grouped(all []progress.Counts, size int) (sums []progress.Counts) {
	for i, c := range all {
		if i%size == 0 {
			sums = append(sums, progress.Counts{})
		}
		sums[len(sums)-1].Plus(c)
	}
	return sums
}

// snapshot is the state of a pulse, as the page of a run shows it.
type snapshot struct {
	Phase    string            `json:"phase"`
	Elapsed  string            `json:"elapsed"`
	Rate     string            `json:"rate"`
	P99      string            `json:"p99"`
	Outcomes string            `json:"outcomes"`
	Faults   []string          `json:"faults"`
	Holders  []string          `json:"holders"`
	Waiting  string            `json:"waiting"`
	Findings []string          `json:"findings"`
	Looked   string            `json:"looked"`
	Seconds  []progress.Counts `json:"seconds"`
	Error    string            `json:"error,omitempty"`
}

func (p *pulse) snapshot() snapshot {
	s := snapshot{Elapsed: prose.Elapsed(p.Now), Phase: p.Phase, Faults: p.underWay(), Seconds: p.Seconds(drawnOf)}
	if p.Ended {
		s.Phase = "checking the record"
	}
	if rate, ok := p.Rate(); ok {
		s.Rate = fmt.Sprintf("%.1f ok per second", rate)
	}
	if p99, ok := p.P99(); ok {
		s.P99 = prose.Length(p99)
	}
	s.Outcomes = fmt.Sprintf("%s ok, %s failed, %s unknown", prose.Grouped(p.Totals.OK), prose.Grouped(p.Totals.Fail), prose.Grouped(p.Totals.Info))
	s.Holders, s.Waiting = p.whoHolds()
	return s
}

// underWay returns the faults that are not over, and since when.
func (p *pulse) underWay() (all []string) {
	for _, f := range p.FaultsNow() {
		what := "being injected"
		if f.Took {
			what = "in effect"
		}
		if f.HealBegan > 0 {
			what = "being healed"
		}
		all = append(all, fmt.Sprintf("%s: %s, for %s", printable.Text(cmp.Or(f.Spec, f.Kind), 80), what, prose.Elapsed(p.Now-f.Injected)))
	}
	return all
}

// whoHolds tells which client holds which key, and how many wait.
func (p *pulse) whoHolds() (holders []string, waiting string) {
	all, waits := p.Holders()
	for _, h := range all {
		if len(h.Clients) == 0 {
			continue
		}
		who := prose.Noun(len(h.Clients), "client") + " " + prose.Numbers(h.Clients)
		if h.Key != "" {
			who = printable.Text(h.Key, 60) + ": " + who
		}
		holders = append(holders, who)
	}
	return holders, fmt.Sprint(waits)
}
