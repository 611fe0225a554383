package fourletter

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// PrometheusType is the type of the text that [Prometheus] makes.
const PrometheusType = "text/plain; version=0.0.4; charset=utf-8"

// Prometheus returns what a real server serves to Prometheus (PrometheusMetricsProvider, ZooKeeper 3.6
// and later): the metrics of mntr in the text format 0.0.4, without those of Java. The counters of s
// must not be nil, even if it does not serve.
func Prometheus(s Server) string {
	var b strings.Builder
	for _, m := range metricsOf(s) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.name, m.name, prometheusTypes[m.kind])
		if m.kind == gauge || m.kind == counter {
			sample(&b, m.name, m.value.value)
			continue
		}
		sorted := slices.Sorted(slices.Values(m.values.latest))
		for _, share := range prometheusQuantiles[m.kind] {
			sample(&b, fmt.Sprintf("%s{quantile=\"%v\",}", m.name, share), quantileOrNone(sorted, share))
		}
		sample(&b, m.name+"_count", float64(m.values.count))
		sample(&b, m.name+"_sum", float64(m.values.total))
	}
	return b.String()
}

var (
	prometheusTypes     = map[kind]string{gauge: "gauge", counter: "counter", summary: "summary", distributed: "summary"}
	prometheusQuantiles = map[kind][]float64{summary: {.5}, distributed: {.5, .9, .99}}
)

// quantileOrNone is like quantile, but returns NaN if there are no values.
func quantileOrNone(sorted []int64, share float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return float64(quantile(sorted, share))
}

// sample writes a value as Prometheus's client for Java does.
func sample(b *strings.Builder, name string, value float64) {
	text := "NaN"
	if !math.IsNaN(value) {
		text = withPoint(strconv.FormatFloat(value, 'f', -1, 64))
	}
	b.WriteString(name + " " + text + "\n")
}
