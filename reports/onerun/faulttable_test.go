package onerun

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
)

func TestFaultRows(t *testing.T) {
	h := &history.History{}
	r := sample.Result(h)
	r.Stats.Faults = sample.FaultsOfAllSorts()
	rows, _ := faultRows(material.Of("", h, r))
	got := []string{rows[0].Effect, rows[1].Effect, rows[2].Effect, rows[3].Effect}
	want := []string{"verified after 1 s", "skipped: found no target", "took no effect", "not verified before the record ends"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	r.Stats.Faults[0] = sample.Stuck
	rows, _ = faultRows(material.Of("", h, r))
	if d := cmp.Diff([]string{"> 5 s", "20 ms to > 5 s", "k1: > 9 s"}, []string{rows[0].All, rows[0].Affected, rows[0].HandOver}); d != "" {
		t.Error(d)
	}
}
