package terminal

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/paint"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/progress"
)

// vitals shows what a run does in a block on a terminal. It is safe for concurrent use.
type vitals struct {
	mu    sync.Mutex
	pulse *progress.Pulse
}

func newVitals(model *models.Model) *vitals { return &vitals{pulse: progress.NewPulse(model)} }

// observe takes an event of the record.
func (v *vitals) observe(e history.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pulse.Observe(&e)
}

// canvas describes the place where a block is drawn.
type canvas struct {
	width int // in columns
	ascii bool
	paint paint.Painter
}

// Styles of a block.
var (
	nameStyle  = ansi.Style{}.Faint()
	faultStyle = ansi.Style{}.ForegroundColor(ansi.Yellow)
)

// beside is the width of the names of a block's lines, in columns.
const beside = 10

// block shows the state of a run in lines, none of which is wider than the canvas. The number of lines
// depends only on the phase and the keys, so that lines stay where they are.
func (v *vitals) block(s progress.State, c canvas) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s.Elapsed == 0 {
		return []string{ansi.Truncate(s.Phase, c.width, "")}
	}
	p := v.pulse
	lines := []string{
		fmt.Sprintf("%s %s of %s", s.Phase, s.Elapsed.Round(time.Second), s.Limit),
		c.named("rate", rateWords(p)),
		c.named("p99", c.latency(p)),
		c.named("faults", c.faults(s, p)),
		c.named("sessions", sessionWords(p.Sessions())),
	}
	for i, text := range holderLines(p, c.width-beside-2) {
		name := ""
		if i == 0 {
			name = "held"
		}
		lines = append(lines, c.named(name, text))
	}
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, c.width, "")
	}
	return lines
}

// named returns a line of a block.
func (c canvas) named(name, text string) string {
	if c.ascii {
		text = explain.ASCII(text)
	}
	return "  " + c.paint.Paint(nameStyle, fmt.Sprintf("%-*s", beside, name)) + text
}

func rateWords(p *progress.Pulse) string {
	text := fmt.Sprintf("%s ok, %s failed, %s unknown", prose.Grouped(p.Totals.OK), prose.Grouped(p.Totals.Fail), prose.Grouped(p.Totals.Info))
	if rate, ok := p.Rate(); ok {
		text = fmt.Sprintf("%.1f ok/s; %s", rate, text)
	}
	return text
}

// latency returns the current 99th percentile and its course.
func (c canvas) latency(p *progress.Pulse) string {
	now, ok := p.P99()
	if !ok {
		return fmt.Sprintf("no success in the last %d s", progress.Recent)
	}
	text := fmt.Sprintf("%-8s", prose.Length(now))
	const most = 60
	course := p.P99s(max(0, min(most, c.width-beside-len(text)-20)))
	var highest time.Duration
	for _, took := range course {
		highest = max(highest, took)
	}
	if highest == 0 {
		return text
	}
	return text + " " + sparkline(course, highest, c.ascii) + "  up to " + prose.Length(max(highest, now))
}

// sparkline draws times as bars, the highest as high as a bar can be. A second without a success is a gap.
func sparkline(course []time.Duration, highest time.Duration, ascii bool) string {
	ramp := []rune("▁▂▃▄▅▆▇█")
	if ascii {
		ramp = []rune("_.:-=+*#")
	}
	var b strings.Builder
	for _, took := range course {
		if took == 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(ramp[(len(ramp)-1)*int(took)/int(highest)])
	}
	return b.String()
}

func (c canvas) faults(s progress.State, p *progress.Pulse) string {
	text := "none planned"
	if s.Planned > 0 {
		text = fmt.Sprintf("%d of %d took effect", s.Faults, s.Planned)
	}
	var now []string
	for _, f := range p.FaultsNow() {
		now = append(now, fmt.Sprintf("%s for %.1f s", printable.Text(cmp.Or(f.Spec, f.Kind), 80), (p.Now-f.Injected).Seconds()))
	}
	if len(now) > 0 {
		text += "; now " + c.paint.Paint(faultStyle, strings.Join(now, ", "))
	}
	return text
}

func sessionWords(s progress.Sessions) string {
	text := fmt.Sprintf("%d connected", s.Connected)
	if s.Disconnected > 0 {
		text += fmt.Sprintf(", %d disconnected", s.Disconnected)
	}
	if s.Expired > 0 {
		text += fmt.Sprintf(", %d expired so far", s.Expired)
	}
	return text
}

// mostHolderLines bounds the lines that say who holds what.
const mostHolderLines = 4

// holderLines returns lines of at most the given width that say which client holds each key. There are
// none if the object cannot be held.
func holderLines(p *progress.Pulse, width int) (lines []string) {
	all, waiting := p.Holders()
	if len(all) == 0 {
		return nil
	}
	line := ""
	for i, h := range append(all, progress.Held{}) {
		who := "by nobody"
		if n := len(h.Clients); n > 0 {
			who = "by " + prose.Noun(n, "client") + " " + prose.Numbers(h.Clients)
		}
		if h.Key != "" {
			who = printable.Text(h.Key, 40) + " " + who
		}
		if i == len(all) {
			who = prose.Count(waiting, "client") + " " + prose.Verb(waiting, "wait")
		}
		switch {
		case line == "":
			line = who
		case ansi.StringWidth(line)+2+ansi.StringWidth(who) <= width:
			line += "; " + who
		case len(lines)+1 == mostHolderLines:
			return append(lines, ansi.Truncate(line+"; "+prose.Count(len(all)-i, "more key"), width, ""))
		default:
			lines, line = append(lines, line+";"), who
		}
	}
	return append(lines, line)
}
