package fourletter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/ensemble"
)

// peerStates holds the names that a quorum's servers use for their state while they serve.
var peerStates = map[ensemble.Role]string{
	ensemble.Leader:   "leading - broadcast",
	ensemble.Follower: "following - broadcast",
	ensemble.Observer: "observing - broadcast",
}

// mntr writes its lines in a real server's order, in which a hash map holds them.
func mntr(s Server) string {
	var b strings.Builder
	for _, l := range about(s) {
		fmt.Fprintf(&b, "zk_%s\t%v\n", l.name, l.value)
	}
	for _, m := range metricsOf(s) {
		for _, l := range m.lines() {
			fmt.Fprintf(&b, "zk_%s\t%v\n", l.name, l.value)
		}
	}
	return b.String()
}

// line is a line of mntr.
type line struct {
	name  string
	value any
}

// about returns the lines that describe the server and are not metrics.
func about(s Server) []line {
	lines := []line{{"version", s.version()}, {"server_state", s.Role}}
	if s.inQuorum() {
		lines = append(lines, line{"peer_state", peerStates[s.Role]})
	}
	if s.Role == ensemble.Observer {
		lines = append(lines, line{"observer_master_id", s.Master})
	}
	return lines
}

// lines returns mntr's lines for a metric.
func (m metric) lines() []line {
	if m.kind == gauge || m.kind == counter {
		return []line{{m.name, m.value.java()}}
	}
	l := m.values.Latency
	lines := []line{
		{"avg_" + m.name, javaDouble(l.average())},
		{"min_" + m.name, l.min},
		{"max_" + m.name, l.max},
		{"cnt_" + m.name, l.count},
		{"sum_" + m.name, l.total},
	}
	if m.kind == distributed {
		sorted := slices.Sorted(slices.Values(m.values.latest))
		for _, p := range []struct {
			name  string
			share float64
		}{{"p50", .5}, {"p95", .95}, {"p99", .99}, {"p999", .999}} {
			lines = append(lines, line{p.name + "_" + m.name, quantile(sorted, p.share)})
		}
	}
	return lines
}
