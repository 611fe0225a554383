package checker

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
)

// doubt turns violations into unknown where the record may lack what explains them.
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

// excuse makes violations undecided where clients went around their links: whose
// sessions, zxids and transactions those are that show them, nobody knows.
func excuse(a *evidence.Record, vs []Verdict) []Verdict {
	if len(a.Unlinked) == 0 || vs[0].Result != Violation {
		return vs
	}
	v := vs[0]
	v.Notes = append([]string{"what looked like a violation: " + v.Reason}, v.Notes...)
	v.Key, v.Result, v.Witness = "", Unknown, nil
	v.Reason = "what looks like a violation may be none: " + around(a)
	return []Verdict{v}
}
