package gates_test

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// gated returns samples of a run: 800 acquires from 1 to 400 ms, 100 fail-overs after kills of
// leaders and 3 after other kills, of which the longest are censored.
func gated() *samples.Samples {
	acquires, kills, others := &measured.Times{}, &measured.Times{}, &measured.Times{}
	for n := range 400 {
		acquires.Add(measured.Bound{Time: time.Duration(n+1) * time.Millisecond}, 2)
	}
	for n := range 100 {
		kills.Add(measured.Bound{Time: time.Duration(n+1) * time.Second, AtLeast: n >= 90}, 1)
	}
	others.Add(measured.Bound{Time: time.Second}, 3)
	return &samples.Samples{
		Runs:       1,
		Operations: map[string]*samples.Operation{"acquire": {OK: 400, Fail: 3, Info: 1, Latency: acquires}},
		Faults:     map[string]*samples.Fault{"kill:leader": {Failovers: kills, HandOvers: others}, "kill": {Failovers: others}},
		HandOvers:  acquires,
		Cost:       &samples.Cost{Herd: &samples.Herd{Of: "release", OK: 100, Events: 220, ByContenders: []samples.HerdPoint{{Contenders: 1, OK: 70}, {Contenders: 5, OK: 30, Events: 220}}}},
	}
}

// A herd is judged only if clients waited, or if the object is one that clients do not hold.
func TestGateOfHerd(t *testing.T) {
	of := func(herd *samples.Herd) *samples.Samples { return &samples.Samples{Cost: &samples.Cost{Herd: herd}} }
	for want, s := range map[string]*samples.Samples{
		"herd needs 20 releases while another client waited, and there are 0: take more --clients or fewer --keys": {},
		"herd needs 20 releases while another client waited, and there are 19: take more --clients or fewer --keys": of(&samples.Herd{
			Of: "release", OK: 1019, Events: 1, ByContenders: []samples.HerdPoint{{Contenders: 1, OK: 1000}, {Contenders: 2, OK: 19, Events: 1}},
		}),
		"herd needs 20 writes, and there are 1":             of(&samples.Herd{Of: "write", OK: 1, Events: 9}),
		"herd is 0.05 (1 watch events, 20 writes), below 2": of(&samples.Herd{Of: "write", OK: 20, Events: 1}),
	} {
		g := must.Get(gates.Parse("herd<2", nil))(t)
		if r := g.Judge(s); r.Text != want {
			t.Errorf("%+v, want %s", r, want)
		}
	}
}

func TestGates(t *testing.T) {
	for text, want := range map[string]struct {
		result gates.State
		text   string
	}{
		"acquire.p99<500ms":            {gates.Kept, "acquire.p99 is 396ms, below 500ms"},
		"acquire.p99 < 396ms":          {gates.Exceeded, "acquire.p99 is 396ms, which exceeds 396ms by 0s (0 %)"},
		"acquire.p99<200ms":            {gates.Exceeded, "acquire.p99 is 396ms, which exceeds 200ms by 196ms (98 %)"},
		"latency(acquire).median<1s":   {gates.Kept, "acquire.median is 200ms, below 1s"},
		"acquire.p99.9<1s":             {gates.Undecided, "acquire.p99.9 was measured 800 times, and needs 4394: about 6 runs would decide (run --repeat 6 or sweep --seeds 1..6)"},
		"release.p50<1s":               {gates.Undecided, "release.median was never measured, and needs 6 times"},
		"handover.p95<1s":              {gates.Kept, "handover.p95 is 380ms, below 1s"},
		"handover(kill).median<1s":     {gates.Undecided, "handover(kill).median was measured 3 times, and needs 6: about 2 runs would decide (run --repeat 2 or sweep --seeds 1..2)"},
		"failover(kill:leader).p50<1m": {gates.Kept, "failover(kill:leader).median is 50s, below 1m0s"},
		"failover(kill:leader).p95<2m": {gates.Undecided, "failover(kill:leader).p95 is more than 1m40s, how much is not known: 10 of 100 times are lower bounds"},
		"failover(kill:leader).p95<1m": {gates.Exceeded, "failover(kill:leader).p95 is at least 1m40s, which exceeds 1m0s by 40s (66.7 %)"},
		"failover(kill).p50<50s":       {gates.Kept, "failover(kill).median is 49s, below 50s"},
		"failover.p50<50s":             {gates.Kept, "failover.median is 49s, below 50s"},
		"errors<1%":                    {gates.Kept, "errors is 0.99 % (4 of 404), below 1 %"},
		"errors(acquire)<0.9%":         {gates.Exceeded, "errors(acquire) is 0.99 % (4 of 404), which exceeds 0.9 % by 0.0901 points (10 %)"},
		"errors<0.5%":                  {gates.Undecided, "errors needs 598 operations, and there are 404: about 2 runs would decide (run --repeat 2 or sweep --seeds 1..2)"},
		"herd<3":                       {gates.Kept, "herd is 2.2 (220 watch events, 100 releases), below 3"},
		"herd<2":                       {gates.Exceeded, "herd is 2.2 (220 watch events, 100 releases), which exceeds 2 by 0.2 (10 %)"},
		"outage(kill).median<1s":       {gates.Undecided, "outage(kill).median was never measured, and needs 6 times: take --faults kill and --probe 10"},
		"errors(release)<100%":         {gates.Undecided, "errors(release) needs 1 operation, and there are 0"},
	} {
		g, err := gates.Parse(text, models.Lock)
		if err != nil {
			t.Error(err)
			continue
		}
		if r := g.Judge(gated()); r.Result != want.result || r.Text != want.text || r.Gate != text {
			t.Errorf("%s: %+v, want %v", text, r, want)
		}
	}
	g, err := gates.Parse("acquire.p99<+10%", models.Lock)
	if err != nil || !g.Relative || g.Below != 0.1 {
		t.Error(g, err)
	}
}

// With few measurements a gate is decided as soon as chance does not explain them; an undecided
// gate names the options that produce enough of them.
func TestGateDecidesEarly(t *testing.T) {
	at := func(d time.Duration, n int, atLeast bool) *measured.Times {
		times := &measured.Times{}
		times.Add(measured.Bound{Time: d, AtLeast: atLeast}, n)
		return times
	}
	of := func(runs int, slow, quick *measured.Times) *samples.Samples {
		quick.Merge(slow)
		return &samples.Samples{Runs: runs, Faults: map[string]*samples.Fault{"kill:leader": {Failovers: quick}}}
	}
	errors := func(runs, failed, ok int) *samples.Samples {
		return &samples.Samples{Runs: runs, Operations: map[string]*samples.Operation{"acquire": {Fail: failed, OK: ok}}}
	}
	with := func(runs, faults int) *samples.Samples {
		return &samples.Samples{Runs: runs, Faults: map[string]*samples.Fault{"kill:leader": {Verified: faults}}}
	}
	none := &measured.Times{}
	const long = 2300 * time.Millisecond
	for name, c := range map[string]struct {
		gate    string
		samples *samples.Samples
		result  gates.State
		runs    int
		text    string
	}{
		"all exceed":              {"failover.p95<1ms", of(5, at(long, 5, false), &measured.Times{}), gates.Exceeded, 0, "failover.p95 exceeds 1ms: 5 of 5 times do, which decides with a confidence of 95 %"},
		"lower bounds exceed":     {"failover.p95<1ms", of(5, at(long, 5, true), &measured.Times{}), gates.Exceeded, 0, "failover.p95 exceeds 1ms: 5 of 5 times do, which decides with a confidence of 95 %"},
		"two of five exceed":      {"failover.p95<1s", of(5, at(long, 2, false), at(time.Millisecond, 3, false)), gates.Exceeded, 0, "failover.p95 exceeds 1s: 2 of 5 times do, which decides with a confidence of 95 %"},
		"one of five may":         {"failover.p95<1s", of(5, at(long, 1, false), at(time.Millisecond, 4, false)), gates.Undecided, 76, "failover.p95 was measured 5 times, and needs 76: about 76 runs would decide (run --repeat 76 or sweep --seeds 1..76)"},
		"nearly all are below":    {"failover.p95<1s", of(1, none, at(time.Millisecond, 75, false)), gates.Kept, 0, "failover.p95 is below 1s: 75 of 75 times are, which decides with a confidence of 95 %"},
		"lower bounds hide it":    {"failover.p95<1s", of(1, none, at(time.Millisecond, 75, true)), gates.Undecided, 2, "failover.p95 was measured 75 times, and needs 76: about 2 runs would decide (run --repeat 2 or sweep --seeds 1..2)"},
		"median, all exceed":      {"failover.median<1s", of(5, at(long, 5, false), &measured.Times{}), gates.Undecided, 6, "failover.median was measured 5 times, and needs 6: about 6 runs would decide (run --repeat 6 or sweep --seeds 1..6)"},
		"one time":                {"failover.median<1s", of(1, at(long, 1, false), &measured.Times{}), gates.Undecided, 6, "failover.median was measured once, and needs 6: about 6 runs would decide (run --repeat 6 or sweep --seeds 1..6)"},
		"errors":                  {"errors<1%", errors(1, 5, 20), gates.Exceeded, 0, "errors is 20 % (5 of 25), which exceeds 1 % by 19 points (1900 %)"},
		"one error":               {"errors<1%", errors(2, 1, 99), gates.Undecided, 6, "errors needs 299 operations, and there are 100: about 6 runs would decide (run --repeat 6 or sweep --seeds 1..6)"},
		"no faults":               {"failover.p95<1s", &samples.Samples{Runs: 1}, gates.Undecided, 0, "failover.p95 was never measured, and needs 76 times: take --faults"},
		"no faults of a kind":     {"handover(kill).p95<1s", &samples.Samples{Runs: 1}, gates.Undecided, 0, "handover(kill).p95 was never measured, and needs 76 times: take --faults kill"},
		"no time of a fault":      {"handover(kill).p95<1s", with(2, 3), gates.Undecided, 0, "handover(kill).p95 was never measured, and needs 76 times: none of 3 faults led to one; take more runs (run --repeat or sweep --seeds)"},
		"no probe":                {"outage(kill).p95<1s", with(2, 3), gates.Undecided, 0, "outage(kill).p95 was never measured, and needs 76 times: take --probe 10"},
		"no hold without a fault": {"handover.p95<1s", &samples.Samples{Runs: 1}, gates.Undecided, 0, "handover.p95 was never measured, and needs 76 times"},
	} {
		g := must.Get(gates.Parse(c.gate, models.Lock))(t)
		if r := g.Judge(c.samples); r.Result != c.result || r.NeededRuns != c.runs || r.Text != c.text {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Where a metric lies exactly at its bound, chance decides against it, and for it, in at most 2.5 % of all samples.
func TestGateIsSeldomWrong(t *testing.T) {
	for _, q := range []float64{0.5, 0.75, 0.9, 0.95} {
		g := must.Get(gates.Parse("acquire"+gates.QuantileName(q)+"<1s", models.Lock))(t)
		for n := 1; n < measured.Needed(q); n++ {
			wrong := map[gates.State]float64{}
			for longer := 0; longer <= n; longer++ {
				times := &measured.Times{}
				times.Add(measured.Bound{Time: 2 * time.Second}, longer)
				times.Add(measured.Bound{Time: time.Millisecond}, n-longer)
				r := g.Judge(&samples.Samples{Runs: 1, Operations: map[string]*samples.Operation{"acquire": {Latency: times}}})
				chance := new(big.Float).SetInt(new(big.Int).Binomial(int64(n), int64(longer)))
				p, _ := chance.Float64()
				wrong[r.Result] += p * math.Pow(1-q, float64(longer)) * math.Pow(q, float64(n-longer))
			}
			if wrong[gates.Exceeded] > 0.025 || wrong[gates.Kept] > 0.025 {
				t.Errorf("p%g of %d times is decided by chance: %v", 100*q, n, wrong)
			}
		}
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
		if _, err := gates.Parse(text, models.Lock); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := gates.Parse("errrors<1%", nil); err == nil || !strings.Contains(err.Error(), `did you mean "errors"?`) {
		t.Errorf("a metric written wrongly, where operations are not known: %v", err)
	}
	if _, err := gates.JudgeAll([]string{"errors<1%", "x<1s"}, models.Lock, gated()); err == nil {
		t.Error("a wrong gate was accepted")
	}
	if _, err := gates.JudgeAll([]string{"acquire.p99<+10%"}, models.Lock, gated()); err == nil || !strings.Contains(err.Error(), "a change needs a baseline") {
		t.Error(err)
	}
}
