package canary

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
)

// MetricsType is the content type of the text that [Check.WriteMetrics] writes.
const MetricsType = "text/plain; version=0.0.4; charset=utf-8"

// bounds are the upper bounds of the histogram, in seconds.
var bounds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// histogram counts durations.
type histogram struct {
	counts [15]int // one more than there are bounds
	sum    time.Duration
	fine   *hdrhistogram.Histogram // in microseconds
}

func newHistogram() *histogram {
	return &histogram{fine: hdrhistogram.New(1, time.Hour.Microseconds(), 3)}
}

func (h *histogram) add(d time.Duration) {
	at, _ := slices.BinarySearch(bounds, d.Seconds())
	h.counts[at]++
	h.sum += d
	_ = h.fine.RecordValue(min(max(1, d.Microseconds()), time.Hour.Microseconds())) // values in this range are accepted
}

// latency returns the quantiles.
func (h *histogram) latency() Latency {
	at := func(quantile float64) time.Duration {
		return time.Duration(h.fine.ValueAtQuantile(quantile)) * time.Microsecond
	}
	return Latency{P50: at(50), P99: at(99), Max: time.Duration(h.fine.Max()) * time.Microsecond}
}

// WriteMetrics writes the state of the check in the text format of Prometheus, 0.0.4.
func (k *Check) WriteMetrics(w io.Writer) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := page{}
	c := &k.clients
	p.metric("operations_total", "counter", "Operations of clients, by object and outcome.")
	for _, of := range objects {
		for _, outcome := range []string{"ok", "fail", "info"} {
			p.sample("", float64(c.counts[of.recipe][outcome]), "object", of.recipe, "outcome", outcome)
		}
	}
	p.metric("operation_duration_seconds", "histogram", "Time from the beginning to the success of operations that do not wait for other clients.")
	for _, of := range objects {
		p.histogram(c.times[of.recipe], "object", of.recipe)
	}
	p.metric("write_duration_seconds", "histogram", "Time from the beginning to the success of writes that do not wait for other clients.")
	p.histogram(c.written)
	p.metric("failovers_total", "counter", "Changes of the ensemble's leader.")
	p.sample("", float64(k.failedOver))
	p.metric("windows_total", "counter", "Windows by verdict; failed are those that could not be run.")
	for _, verdict := range []checker.Result{checker.Valid, checker.Violation, checker.Unknown} {
		p.sample("", float64(k.windows.counts[verdict]), "verdict", string(verdict))
	}
	p.sample("", float64(k.windows.failed), "verdict", "failed")
	services := c.services()
	p.metric("longest_gap_seconds", "gauge", "Longest time in which no operation, no write, or no write of an object, succeeded. One write a second is begun.")
	for _, s := range services {
		p.sample("", s.longest.Seconds(), "of", s.what)
	}
	p.metric("gap_seconds", "gauge", "Time since an operation, a write, or a write of an object, last succeeded.")
	for _, s := range services {
		gap := 0.
		if c.loaded() || !k.windows.failing.IsZero() {
			gap = time.Since(s.latest).Seconds()
		}
		p.sample("", gap, "of", s.what)
	}
	p.metric("writes_slow", "gauge", "1 while writes take many times as long as usual.")
	p.sample("", oneIf(c.pace.slow))
	p.metric("errors_total", "counter", "Operations that ended in an error, by object and kind of error.")
	for _, of := range slices.SortedFunc(maps.Keys(c.errors), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		p.sample("", float64(c.errors[of]), "object", of[0], "error", of[1])
	}
	p.metric("sessions_moved_total", "counter", "Sessions of clients that went on at another server.")
	p.sample("", float64(c.moved))
	p.metric("sessions_expired_total", "counter", "Sessions of clients that expired.")
	p.sample("", float64(c.expired))
	p.metric("server_serving", "gauge", "1 if the server answered that it serves, 0 if not. Servers that do not tell are left out.")
	var told []*serverState
	for _, s := range k.servers {
		if s.role != "" && s.role != ensemble.Untold {
			told = append(told, s)
		}
	}
	for _, s := range told {
		p.sample("", oneIf(s.why == ""), "server", s.server.Addr())
	}
	p.metric("server_leads", "gauge", "1 if the server leads.")
	for _, s := range told {
		p.sample("", oneIf(s.server.ID() == k.leader), "server", s.server.Addr())
	}
	p.metric("running_seconds", "gauge", "Time since the check began.")
	p.sample("", time.Since(k.began).Seconds())
	_, err := io.WriteString(w, p.text.String())
	return err
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// page is a text of metrics.
type page struct {
	text strings.Builder
	name string
}

func (p *page) metric(name, kind, help string) {
	p.name = "zklab_check_" + name
	fmt.Fprintf(&p.text, "# HELP %s %s\n# TYPE %s %s\n", p.name, help, p.name, kind)
}

// sample writes a value with labels, which are names and values in turn.
func (p *page) sample(suffix string, value float64, labels ...string) {
	p.text.WriteString(p.name + suffix)
	for i := 0; i < len(labels); i += 2 {
		open := ","
		if i == 0 {
			open = "{"
		}
		p.text.WriteString(open + labels[i] + "=" + strconv.Quote(labels[i+1]))
	}
	if len(labels) > 0 {
		p.text.WriteByte('}')
	}
	p.text.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

func (p *page) histogram(h *histogram, labels ...string) {
	n := 0
	for i, count := range h.counts {
		n += count
		bound := "+Inf"
		if i < len(bounds) {
			bound = strconv.FormatFloat(bounds[i], 'g', -1, 64)
		}
		p.sample("_bucket", float64(n), append(slices.Clone(labels), "le", bound)...)
	}
	p.sample("_sum", h.sum.Seconds(), labels...)
	p.sample("_count", float64(n), labels...)
}
