package onerun

import (
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/internal/timeline"
	"github.com/zklab/zklab/store"
)

// Every drawing of a run names the zklab that ran it, and also the one that decided it if that was
// another.
func TestMakersOfARun(t *testing.T) {
	const old, now = "v0.1.0, commit 111 of 2026-01-02", "v0.2.0, commit 222 of 2026-02-03"
	for _, tt := range []struct {
		name, ranBy string
		summary     string
		page        string
		junit       []junitProperty
	}{
		{"the same", now, "  zklab        " + now, "zklab " + now + ".", []junitProperty{{"zklab", now}}},
		{"not known", "", "  zklab        " + now, "zklab " + now + ".", []junitProperty{{"zklab", now}}},
		{
			"another", old, "  run by       zklab " + old + "\n  decided by   zklab " + now, "run by zklab " + old + "; decided by zklab " + now + ".",
			[]junitProperty{{"run by", "zklab " + old}, {"decided by", "zklab " + now}},
		},
	} {
		h := sample.ShortRun()
		r := sample.Result(h)
		r.Zklab, r.RanBy = now, tt.ranBy
		if got := Summary(r, &store.Run{Dir: "/runs/lock/x"}, Screen{Full: true}); !strings.HasSuffix(got, tt.summary+"\n") {
			t.Errorf("%s: the summary does not end with %q:\n%s", tt.name, tt.summary, got)
		}
		m := material.Of("/runs/lock/x", h, r)
		report, err := pageOf(m, nil, nil)
		if n := strings.Count(string(report), tt.page); n != 1 || err != nil {
			t.Errorf("%s: %q is %d times in the report, %v", tt.name, tt.page, n, err)
		}
		timeline, err := timeline.Page(m, "")
		if n := strings.Count(string(timeline), tt.page); n != 1 || err != nil {
			t.Errorf("%s: %q is %d times in the timeline, %v", tt.name, tt.page, n, err)
		}
		if got := suiteOf(t, h, r).Properties[4:]; !slices.Equal(got, tt.junit) {
			t.Errorf("%s: %v in junit.xml", tt.name, got)
		}
	}
}
