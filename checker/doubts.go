package checker

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/servers"
)

// doubt turns violations into unknown if the record may lack the events that explain
// them.
func doubt(a *evidence.Record, keys []string, findings []frame.Finding) []frame.Finding {
	if a.Foreign || len(a.Damages()) == 0 && a.History.Missing == 0 {
		return findings
	}
	findings = slices.Clone(findings)
	for i := range findings {
		f := &findings[i]
		if f.Result != Violation {
			continue
		}
		if why := a.Doubts(keys[i]); why != "" {
			f.Result = Unknown
			f.Reason = fmt.Sprintf("%s, but the record is damaged (%s), which may be why", f.Reason, why)
		}
	}
	return findings
}

// excuse turns violations into unknown if clients bypassed their links: then it is unknown whose
// sessions, zxids and transactions show the violations. It does the same if servers broke promises
// that recipes rely on.
func excuse(a *evidence.Record, vs []Verdict) []Verdict {
	why := ""
	switch {
	case vs[0].Result != Violation:
		return vs
	case len(a.Unlinked) > 0:
		why = around(a)
	case !decides(a, servers.Properties[0]):
		if broken := servers.Broken(a); broken != "" {
			why = "the servers broke a promise: " + broken
		}
	}
	if why == "" {
		return vs
	}
	v := vs[0]
	v.Notes = append([]string{"apparent violation: " + v.Reason}, v.Notes...)
	v.Key, v.Result, v.Counterexample = "", Unknown, nil
	v.Reason = "the apparent violation is not certain: " + why
	return []Verdict{v}
}
