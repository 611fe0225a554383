package onerun

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
)

// mostFaults limits the table of the page. result.json has all faults.
const mostFaults = 300

// faultRow is a fault as the page lists it.
type faultRow struct {
	Number   int
	Spec     string
	At       string
	Lasted   string
	Whom     string
	Effect   string
	Leader   string
	All      string
	Affected string
	HandOver string
	Detail   string
	Warnings []string
	Failed   bool
}

func faultRows(m *material.Run) (rows []faultRow, left int) {
	lasted := map[int]time.Duration{}
	for _, w := range m.Windows {
		lasted[w.Fault] = w.Length()
	}
	for i := range m.Result.Stats.Faults {
		if i == mostFaults {
			return rows, len(m.Result.Stats.Faults) - mostFaults
		}
		f := &m.Result.Stats.Faults[i]
		rows = append(rows, rowOfFault(f, lasted[f.Number]))
	}
	return rows, 0
}

func rowOfFault(f *stats.Fault, lasted time.Duration) faultRow {
	r := faultRow{
		Number: f.Number, Spec: f.Spec, At: words.Moment(f.Injected), Lasted: prose.Length(lasted), Whom: whom(f),
		Effect: effect(f), Detail: f.Detail, Warnings: f.Warnings, Failed: f.Outcome != history.StepVerified,
	}
	r.Spec = cmp.Or(r.Spec, f.Kind)
	if f.Outcome == history.StepSkipped {
		r.Lasted = ""
	}
	if f.Elected != 0 {
		r.Leader = "server " + strconv.Itoa(f.Elected)
	}
	if f.Outcome == history.StepVerified {
		r.All, r.Affected, r.HandOver = words.Failover(f), words.Affected(f), words.HandOvers(f)
	}
	return r
}

// effect describes whether the fault took effect, and whether a client was affected.
func effect(f *stats.Fault) string {
	switch {
	case f.Outcome == history.StepVerified && f.Felt:
		return "verified after " + prose.Length(f.Verified-f.Injected)
	case f.Outcome == history.StepVerified:
		return "verified after " + prose.Length(f.Verified-f.Injected) + "; no client was affected"
	case f.TooLate:
		return "skipped: the load ended before it took effect"
	case f.Outcome == history.StepSkipped:
		return "skipped: found no target"
	case f.Outcome == history.StepFailed:
		return "took no effect"
	}
	return "not verified before the record ends"
}

// whom names the targets that the fault hit.
func whom(f *stats.Fault) string {
	var parts []string
	if n := len(f.Servers); n > 0 {
		parts = append(parts, prose.Noun(n, "server")+" "+prose.Numbers(f.Servers))
	}
	if n := len(f.Clients); n > 0 {
		parts = append(parts, prose.Noun(n, "client")+" "+prose.Numbers(f.Clients))
	}
	text := strings.Join(parts, "; ")
	if len(f.Holding) > 0 {
		text += " (" + strings.Join(f.Holding, ", ") + ")"
	}
	return text
}
