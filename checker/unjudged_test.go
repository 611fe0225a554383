package checker

import (
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// Something that could not have been wrong does not make a property valid.
func TestNothingJudgedIsNotValid(t *testing.T) {
	for _, tt := range []struct {
		name, model, property, wants string
		of                           func(*checktest.Record)
	}{
		{"all syncs while a server was paused", objects.Register.Name, "sync-reads", "while no server was disturbed: 0", func(r *checktest.Record) { disturbed(r, 1).Header.Params.MinLoad = 0 }},
		{"nobody was told who leads", objects.Election.Name, "who-leads", "no answer ever named a leader", func(r *checktest.Record) {
			for i := range r.Events {
				if e := &r.Events[i]; e.F == objects.FLeader && e.Type == history.OK {
					e.Type, e.Value = history.Fail, nil
				}
			}
		}},
		{"copies that were current before anything was changed", objects.Cache.Name, "current", "changed before", func(r *checktest.Record) {
			for i := range r.Events {
				if e := &r.Events[i]; e.F == objects.FLook && e.Type == history.Invoke {
					e.Value = nil
				}
			}
			for range 40 {
				r.Events = slices.Insert(r.Events, 0, look()...)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := checktest.Good(tt.model, 40)
			tt.of(r)
			rep := Run(t.Context(), r.Build(), Options{NoReference: true})
			v := rep.Verdicts[slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == tt.property })]
			if v.Result != Unknown || !strings.Contains(v.Reason, tt.wants) {
				t.Errorf("%s: %s", v.Result, v.Reason)
			}
		})
	}
}

// If the time of an election is not known, no read after a sync can be judged.
func TestSyncReadsWithAnUnseenElection(t *testing.T) {
	r := epochs(checktest.Register(), 1, 2).Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 305, 306, objects.ReadSync, "a", 1)
	for _, v := range Run(t.Context(), r.Build(), Options{NoReference: true}).Verdicts {
		if v.Property == "sync-reads" {
			t.Errorf("%s: %s", v.Result, v.Reason)
		}
	}
}

// look returns a look at a copy that was claimed to be current and contained nothing, right at
// the start.
func look() []history.Event {
	return new(checktest.Record).Looks(1, 1, 1, true).Events
}
