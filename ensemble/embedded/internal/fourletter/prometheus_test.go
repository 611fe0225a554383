package fourletter

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The metrics for Prometheus have the names and values of mntr.
func TestPrometheus(t *testing.T) {
	for _, s := range []Server{leader(), with(asFollower), with(asObserver), with(asStandalone)} {
		text := Prometheus(s)
		for _, want := range []string{
			"# HELP znode_count znode_count\n# TYPE znode_count gauge\nznode_count 18.0\n",
			"# TYPE avg_latency gauge\navg_latency 2.4706\n",
			"# TYPE commit_count counter\ncommit_count 16.0\n",
			"# TYPE election_time summary\nelection_time{quantile=\"0.5\",} NaN\nelection_time_count 1.0\nelection_time_sum 214.0\n",
			"# TYPE updatelatency summary\nupdatelatency{quantile=\"0.5\",} 3.0\nupdatelatency{quantile=\"0.9\",} 11.0\nupdatelatency{quantile=\"0.99\",} 11.0\nupdatelatency_count 8.0\nupdatelatency_sum 35.0\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q", s.Role, want)
			}
		}
		if got, want := strings.Contains(text, "\nlearners 2.0\n"), s.Leader != nil; got != want {
			t.Errorf("%s: learners %v", s.Role, got)
		}
		if diff := cmp.Diff(namesInMntr(s), namesOf(text)); diff != "" {
			t.Errorf("%s, mntr and Prometheus:\n%s", s.Role, diff)
		}
	}
}

// namesInMntr returns the names of the metrics, without the prefixes of summaries.
func namesInMntr(s Server) map[string]bool {
	text, _ := Answer("mntr", s)
	names := map[string]bool{}
	summaries := regexp.MustCompile(`(?m)^zk_cnt_(\S+)`)
	parts := regexp.MustCompile(`^(avg|min|max|cnt|sum|p50|p95|p99|p999)_(.*)$`)
	isSummary := map[string]bool{}
	for _, m := range summaries.FindAllStringSubmatch(text, -1) {
		isSummary[m[1]] = true
	}
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "zk_"), "\t")
		if m := parts.FindStringSubmatch(name); m != nil && isSummary[m[2]] {
			name = m[2]
		}
		names[name] = true
	}
	for _, l := range about(s) {
		delete(names, l.name)
	}
	return names
}

// namesOf returns the names in a text for Prometheus, in which each line is a comment or a sample.
func namesOf(text string) map[string]bool {
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (?:gauge|counter|summary)$`).FindAllStringSubmatch(text, -1) {
		names[m[1]] = true
	}
	for _, line := range regexp.MustCompile(`(?m)^[^#].*$`).FindAllString(text, -1) {
		if !regexp.MustCompile(`^[a-z0-9_]+(\{quantile="0\.\d+",\})? (NaN|-?\d+\.\d+)$`).MatchString(line) {
			names["no sample: "+line] = true
		}
	}
	return names
}

// A server that does not serve has counters, but no gauges.
func TestPrometheusNotServing(t *testing.T) {
	text := Prometheus(Server{Counters: leader().Counters})
	if !strings.Contains(text, "\ncommit_count 16.0\n") || strings.Contains(text, "# TYPE znode_count ") || strings.Contains(text, " gauge\n") {
		t.Error(text)
	}
}
