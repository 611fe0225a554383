package checker

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
	objects "github.com/zklab/zklab/history/models"
)

// A fault that was not requested by name, and that found no occasion, is mentioned and
// excused; one that was requested is not excused.
func TestFaultWithoutOccasion(t *testing.T) {
	a := &evidence.Record{Faults: evidence.Faults{List: faults.List{All: []*faults.Fault{{Kind: "pause", Took: true}, {Kind: "late-event", WhyNot: "skipped no event came"}}}}}
	a.Params.Expects = []string{"pause", "late-event"}
	if got := faulted(a, new(Account)); got.Met {
		t.Errorf("asked for by name: %v", got)
	}
	a.Params.Optional = []string{"late-event"}
	if got := faulted(a, new(Account)); !got.Met || !strings.Contains(got.Text, "none from late-event") {
		t.Errorf("not asked for: %v", got)
	}
}

// The faults of a run for which none was requested by name are also mentioned.
func TestFaultsThatNobodyAskedForByName(t *testing.T) {
	a := &evidence.Record{Faults: evidence.Faults{List: faults.List{All: []*faults.Fault{{Kind: "cut", Took: true}, {Kind: "pause", WhyNot: "skipped"}}}}}
	if got := faulted(a, new(Account)); !got.Met || got.Text != "faults took effect: cut once" {
		t.Errorf("%v", got)
	}
	a.Faults.All = a.Faults.All[1:]
	if got := faulted(a, new(Account)); !got.Met || got.Text != "no fault took effect, and none was asked for by name" {
		t.Errorf("without an effect: %v", got)
	}
}

// A fault that ended sessions of waiting clients shows nothing about holders, and requires
// nothing.
func TestExpiriesOfOthers(t *testing.T) {
	for doing, want := range map[string]bool{"holding": true, "waiting": false} {
		r := checktest.Good(objects.Lock.Name, 1).Fault("expire", 500, 502, 1)
		h := r.Build()
		h.Header.Params.Expects = []string{"expire"}
		for i := range h.Events {
			var step history.FaultStep
			if e := &h.Events[i]; e.F == "expire" && e.Decode(&step) == nil && len(step.Clients) > 0 {
				step.Holding = []string{doing}
				e.Value, _ = json.Marshal(step)
			}
		}
		if got := evidence.Read(t.Context(), h, objects.Lock, nil).ExpectsDeaths(); got != want {
			t.Errorf("%s: %v", doing, got)
		}
	}
}

// A fault that was not requested by name does not require that a session ends, unless it
// took effect.
func TestOptionalExpiries(t *testing.T) {
	for _, tt := range []struct {
		name     string
		optional []string
		verified bool
		want     bool
	}{
		{"asked for by name", nil, false, true},
		{"drawn, without an occasion", []string{"expire"}, false, false},
		{"drawn, and took effect", []string{"expire"}, true, true},
	} {
		a := &evidence.Record{Faults: evidence.Faults{List: faults.List{All: []*faults.Fault{{Kind: "expire", Took: tt.verified}}}}}
		a.Params.Expects, a.Params.Optional = []string{"expire:holder"}, tt.optional
		if got := a.ExpectsExpiries(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// If faults were requested, clients must have been answered after the first fault took effect.
func TestAnswersAfterFaults(t *testing.T) {
	const all = "cut pause"
	for _, tt := range []struct {
		name                 string
		last, call           int // the times of the last success and of the last call, in ms
		expects, optional    string
		met                  bool
		unanswered, uncalled string
	}{
		{"answered", 900, 900, all, "", true, "", ""},
		{"no answer after any", 400, 900, all, "", false, all, ""},
		{"no answer after any, of a mix", 400, 900, all, all, false, all, ""},
		{"no answer after any, of one run of many", 400, 900, "", "", true, all, ""},
		{"no answer after the second", 650, 900, all, "", true, "", ""},
		{"no call after any", 400, 400, all, "", true, "", all},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := checktest.Lock().Phases(0, 1000, 2000).Fault("cut", 500, 550, 1).Fault("pause", 700, 750, 1)
			r.Call(0, objects.FAcquire, tt.last-5, tt.last, history.OK)
			if tt.call > tt.last {
				r.Refused(1, 30, tt.call)
			}
			h := r.Build()
			h.Header.Params.Expects, h.Header.Params.Optional = strings.Fields(tt.expects), strings.Fields(tt.optional)
			a := evidence.Read(t.Context(), h, objects.Lock, nil)
			acc := accountOf(a)
			got := faulted(a, acc)
			unanswered, uncalled := acc.without()
			if got.Met != tt.met || strings.Join(unanswered, " ") != tt.unanswered || strings.Join(uncalled, " ") != tt.uncalled {
				t.Errorf("%v, unanswered %v, uncalled %v", got, unanswered, uncalled)
			}
		})
	}
}
