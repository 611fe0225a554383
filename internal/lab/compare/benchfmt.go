package compare

import (
	"io"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"

	"github.com/zklab/zklab/stats/gates"
)

// WriteBenchmarks writes the figures of all runs of groups in Go's benchmark format: one line for each run that
// has a figure, with the group as configuration, so that "benchstat -col group" compares them.
// Censored figures are left out, since the format cannot express them.
func WriteBenchmarks(w io.Writer, groups []*Group) error {
	out := benchfmt.NewWriter(w)
	rows := rowsOf(groups)
	for _, g := range groups {
		for _, r := range rows {
			values := g.measurements(r.of, ByRun)
			if r.Unit == ByFault {
				values = g.measurements(r.of, ByFault)
			}
			for _, v := range values {
				if v >= beyond {
					continue
				}
				result := &benchfmt.Result{
					Config: []benchfmt.Config{{Key: "group", Value: []byte(g.Name), File: true}},
					Name:   benchfmt.Name(benchmarkName(r)), Iters: 1,
					Values: []benchfmt.Value{benchmarkValue(r, v)},
				}
				if err := out.Write(result); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// benchmarkValue returns a figure with its unit.
func benchmarkValue(r Row, v float64) benchfmt.Value {
	if r.of.metric.Ratio != nil {
		return benchfmt.Value{Value: v, Unit: "events/op"}
	}
	return benchfmt.Value{Value: math.Round(v * 1e9), Unit: "ns/op"}
}

// benchmarkName returns the name of a row as the name of a benchmark: Failover/kill:leader/median.
func benchmarkName(r Row) string {
	parts := []string{strings.ToUpper(r.of.metric.Name[:1]) + r.of.metric.Name[1:], r.of.part, strings.TrimPrefix(gates.QuantileName(r.of.quantile), ".")}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "/")
}
