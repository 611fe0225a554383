package export

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// measurements returns samples with each kind of times.
func measurements(t *testing.T) *samples.Samples {
	t.Helper()
	s := &samples.Samples{}
	if err := json.Unmarshal([]byte(`{
		"runs": 1,
		"operations": {"acquire": {"ok": 3, "latency": {"us": [0, 911, 86400000000], "n": [1, 2, 1]}}, "release": {"info": 1}},
		"faults": {"kill": {"failovers": {"us": [9]}}, "kill:leader": {"failovers": {"us": [1200], "at_least_us": [1200], "at_least_n": [2]}, "outages_worst": {"us": [7]}}},
		"hand_overs": {"us": [5]},
		"probe": {"ok": 1, "latency": {"us": [12]}}}`), s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTimes(t *testing.T) {
	var b bytes.Buffer
	must.Do(t, Times(&b, measurements(t)))
	want := `measure,of,us,at_least,count
latency,acquire,0,false,1
latency,acquire,911,false,2
latency,acquire,86400000000,false,1
failover,kill,9,false,1
failover,kill:leader,1200,false,1
failover,kill:leader,1200,true,2
handover,,5,false,1
outage_worst,kill:leader,7,false,1
probe,,12,false,1
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// A log is read back with the same quantiles, up to the precision of a histogram.
func TestHistograms(t *testing.T) {
	s := measurements(t)
	var b bytes.Buffer
	must.Do(t, Histograms(&b, s))
	times := map[string]*measured.Times{"acquire": s.Operations["acquire"].Latency, "probe": s.Probe.Latency}
	for r := hdrhistogram.NewHistogramLogReader(&b); ; {
		h := must.Get(r.NextIntervalHistogram())(t)
		if h == nil {
			break
		}
		of := times[h.Tag()]
		delete(times, h.Tag())
		if n, _ := of.Count(); h.TotalCount() != int64(n) {
			t.Errorf("%s: %d values", h.Tag(), h.TotalCount())
		}
		for _, q := range []float64{0.25, 0.5, 0.75, 1} {
			got, want := h.ValueAtQuantile(100*q), of.Quantile(q).Time.Microseconds()
			if math.Abs(float64(got-want)) > 0.001*float64(want) {
				t.Errorf("%s: quantile %v is %d, want %d", h.Tag(), q, got, want)
			}
		}
	}
	if len(times) > 0 {
		t.Errorf("not in the log: %v", times)
	}
}

// record returns a record with an operation of each outcome, with all details, and a fault.
func record() *history.History {
	const ms = time.Millisecond
	wall := time.Date(2026, 1, 31, 12, 0, 0, 5, time.UTC)
	nemesis := func(at time.Duration, f string, v any) history.Event {
		return history.Event{Time: at, Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Value: history.Value(v)}
	}
	h := &history.History{
		Header: history.Header{Version: history.Version, Model: "lock", Wall: wall},
		Events: []history.Event{
			nemesis(0, history.FBegin, history.Header{Version: history.Version, Model: "lock", Wall: wall}),
			{Time: 1 * ms, Process: 0, Client: 0, Type: history.Invoke, F: "acquire", Key: "a,b", Intended: ms / 2},
			{Time: 2*ms + 5, Process: 1, Client: 1, Type: history.Invoke, F: "acquire", Key: "☃"},
			nemesis(3*ms, "pause", history.FaultStep{Fault: 1, Spec: "pause:leader", Step: history.StepInject, Servers: []int{2}}),
			{Time: 4 * ms, Process: 0, Client: 0, Type: history.OK, F: "acquire", Key: "a,b", Session: 0x1a4, Traffic: &history.Traffic{
				Requests: 2, Sent: 100, Received: 80, Events: []time.Duration{3 * ms},
			}},
			nemesis(5*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified}),
			{Time: 6 * ms, Process: 1, Client: 1, Type: history.Info, F: "acquire", Key: "☃", Error: &history.Error{Code: "timeout", Message: "after \"1s\""}},
			{Time: 6 * ms, Process: 0, Client: 0, Type: history.Invoke, F: "release", Key: "a,b"},
			{Time: 6 * ms, Process: 0, Client: 0, Type: history.Fail, F: "release", Key: "a,b", Error: &history.Error{Code: "not-held"}},
			{Time: 7 * ms, Process: 3, Client: 1, Type: history.Invoke, F: "acquire", Key: "☃"},
			nemesis(9*ms, history.FPhase, nil),
		},
	}
	for i := range h.Events {
		h.Events[i].Index = i
	}
	return h
}

func TestOperations(t *testing.T) {
	var b bytes.Buffer
	must.Do(t, Operations(&b, record()))
	want := strings.TrimLeft(`
index,client,process,key,f,intended_us,invoked_us,returned_us,outcome,error
1,0,0,"a,b",acquire,500.000,1000.000,4000.000,ok,
2,1,1,☃,acquire,2000.005,2000.005,6000.000,info,"timeout: after ""1s"""
7,0,0,"a,b",release,6000.000,6000.000,6000.000,fail,not-held
9,1,3,☃,acquire,7000.000,7000.000,,info,
`, "\n")
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
