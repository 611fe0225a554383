package stats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/stats"
)

// gated are samples of a run: 800 acquires from 1 to 400 ms, 100 fail-overs after kills of leaders
// and 3 after other kills, of which the longest are censored.
func gated() *stats.Samples {
	acquires, kills, others := &stats.Times{}, &stats.Times{}, &stats.Times{}
	for n := range 400 {
		acquires.Add(stats.Bound{Time: time.Duration(n+1) * time.Millisecond}, 2)
	}
	for n := range 100 {
		kills.Add(stats.Bound{Time: time.Duration(n+1) * time.Second, AtLeast: n >= 90}, 1)
	}
	others.Add(stats.Bound{Time: time.Second}, 3)
	return &stats.Samples{
		Runs:       1,
		Operations: map[string]*stats.OperationSamples{"acquire": {OK: 400, Fail: 3, Info: 1, Latency: acquires}},
		Faults:     map[string]*stats.FaultSamples{"kill:leader": {Failovers: kills, HandOvers: others}, "kill": {Failovers: others}},
		HandOvers:  acquires,
		Cost:       &stats.Cost{Herd: &stats.Herd{Of: "release", OK: 100, Events: 220, ByContenders: []stats.HerdPoint{{Contenders: 1, OK: 70}, {Contenders: 5, OK: 30, Events: 220}}}},
	}
}

// A herd is judged only if clients waited, or if the object is one that clients do not hold.
func TestGateOfHerd(t *testing.T) {
	of := func(herd *stats.Herd) *stats.Samples { return &stats.Samples{Cost: &stats.Cost{Herd: herd}} }
	for want, s := range map[string]*stats.Samples{
		"herd needs 20 releases while another client waited, and there are 0": {},
		"herd needs 20 releases while another client waited, and there are 19": of(&stats.Herd{
			Of: "release", OK: 1019, Events: 1, ByContenders: []stats.HerdPoint{{Contenders: 1, OK: 1000}, {Contenders: 2, OK: 19, Events: 1}},
		}),
		"herd needs 20 writes, and there are 1":             of(&stats.Herd{Of: "write", OK: 1, Events: 9}),
		"herd is 0.05 (1 watch events, 20 writes), below 2": of(&stats.Herd{Of: "write", OK: 20, Events: 1}),
	} {
		g, err := stats.ParseGate("herd<2", "")
		if err != nil {
			t.Fatal(err)
		}
		if r := g.Judge(s); r.Text != want {
			t.Errorf("%+v, want %s", r, want)
		}
	}
}

func TestGates(t *testing.T) {
	for text, want := range map[string]struct {
		result stats.GateState
		text   string
	}{
		"acquire.p99<500ms":            {stats.Kept, "acquire.p99 is 396ms, below 500ms"},
		"acquire.p99 < 396ms":          {stats.Exceeded, "acquire.p99 is 396ms, which exceeds 396ms by 0s (0 %)"},
		"acquire.p99<200ms":            {stats.Exceeded, "acquire.p99 is 396ms, which exceeds 200ms by 196ms (98 %)"},
		"latency(acquire).median<1s":   {stats.Kept, "acquire.median is 200ms, below 1s"},
		"acquire.p99.9<1s":             {stats.Undecided, "acquire.p99.9 was measured 800 times, and needs 4394"},
		"release.p50<1s":               {stats.Undecided, "release.median was measured 0 times, and needs 6"},
		"handover.p95<1s":              {stats.Kept, "handover.p95 is 380ms, below 1s"},
		"handover(kill).median<1s":     {stats.Undecided, "handover(kill).median was measured 3 times, and needs 6"},
		"failover(kill:leader).p50<1m": {stats.Kept, "failover(kill:leader).median is 50s, below 1m0s"},
		"failover(kill:leader).p95<2m": {stats.Undecided, "failover(kill:leader).p95 is more than 1m40s, how much is not known: 10 of 100 times are lower bounds"},
		"failover(kill:leader).p95<1m": {stats.Exceeded, "failover(kill:leader).p95 is at least 1m40s, which exceeds 1m0s by 40s (66.7 %)"},
		"failover(kill).p50<50s":       {stats.Kept, "failover(kill).median is 49s, below 50s"},
		"failover.p50<50s":             {stats.Kept, "failover.median is 49s, below 50s"},
		"errors<1%":                    {stats.Kept, "errors is 0.99 % (4 of 404), below 1 %"},
		"errors(acquire)<0.9%":         {stats.Exceeded, "errors(acquire) is 0.99 % (4 of 404), which exceeds 0.9 % by 0.0901 points (10 %)"},
		"errors<0.5%":                  {stats.Undecided, "errors needs 598 operations, and there are 404"},
		"herd<3":                       {stats.Kept, "herd is 2.2 (220 watch events, 100 releases), below 3"},
		"herd<2":                       {stats.Exceeded, "herd is 2.2 (220 watch events, 100 releases), which exceeds 2 by 0.2 (10 %)"},
		"outage(kill).median<1s":       {stats.Undecided, "outage(kill).median was measured 0 times, and needs 6"},
		"errors(release)<100%":         {stats.Undecided, "errors(release) needs 1 operations, and there are 0"},
	} {
		g, err := stats.ParseGate(text, "lock")
		if err != nil {
			t.Error(err)
			continue
		}
		if r := g.Judge(gated()); r.Result != want.result || r.Text != want.text || r.Gate != text {
			t.Errorf("%s: %+v, want %v", text, r, want)
		}
	}
	g, err := stats.ParseGate("acquire.p99<+10%", "lock")
	if err != nil || !g.Relative || g.Below != 0.1 {
		t.Error(g, err)
	}
}

func TestWrongGates(t *testing.T) {
	const metrics = "metrics are failover, outage, handover, errors, herd, and the latencies of acquire, release"
	for text, want := range map[string]string{
		"":                         "expected METRIC<BOUND, such as failover(kill:leader).p95<10s or errors<1%; " + metrics,
		"acquire.p99":              "expected METRIC<BOUND",
		"acquire.p99>1s":           "expected METRIC<BOUND",
		"aquire.p99<1s":            `there is no metric "aquire"; did you mean "acquire"? ` + metrics,
		"errrors<1%":               `there is no metric "errrors"; did you mean "errors"? ` + metrics,
		"acquire(x).p99<1s":        `there is no metric "acquire"`,
		"failover(kil).p99<1s":     `there is no fault "kil" (see zklab list faults); ` + metrics,
		"errors(aquire)<1%":        `there is no operation "aquire"; ` + metrics,
		"latency.p99<1s":           "say of which operation: latency(NAME)",
		"acquire<1s":               "name a quantile between 0 and 100: acquire.median, acquire.p95 or acquire.p99.9",
		"acquire.p100<1s":          "name a quantile between 0 and 100",
		"acquire.p0<1s":            "name a quantile between 0 and 100",
		"acquire.pNaN<1s":          "name a quantile between 0 and 100",
		"acquire.mean<1s":          "name a quantile between 0 and 100",
		"acquire.p99<1":            `"1" is neither a time above 0, like 500ms or 10s, nor a change, like +10%`,
		"acquire.p99<-1s":          `"-1s" is neither a time above 0`,
		"acquire.p99<10%":          `"10%" is neither a time above 0`,
		"acquire.p99<+x%":          `"+x%" is no percentage`,
		"errors.p99<1%":            "errors is one number and has no p99",
		"errors<1s":                `"1s" is no percentage above 0, like 1%`,
		"errors<+1%":               `"+1%" is no percentage above 0`,
		"errors<NaN%":              `"NaN%" is no percentage above 0`,
		"errors<0%":                `"0%" is no percentage above 0`,
		"herd.p99<2":               "herd is one number and has no p99",
		"herd(lock)<2":             "herd has no parts",
		"herd<2%":                  `"2%" is neither a number above 0, like 2, nor a change, like +10%`,
		"herd<-1":                  `"-1" is neither a number above 0`,
		"failover(kill:l).p50<1 s": "expected METRIC<BOUND",
	} {
		if _, err := stats.ParseGate(text, "lock"); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := stats.ParseGate("errrors<1%", ""); err == nil || !strings.Contains(err.Error(), `did you mean "errors"?`) {
		t.Errorf("a metric written wrongly, where operations are not known: %v", err)
	}
	if _, err := stats.JudgeGates([]string{"errors<1%", "x<1s"}, "lock", gated()); err == nil {
		t.Error("a wrong gate was accepted")
	}
	if _, err := stats.JudgeGates([]string{"acquire.p99<+10%"}, "lock", gated()); err == nil || !strings.Contains(err.Error(), "a change needs a baseline") {
		t.Error(err)
	}
}
