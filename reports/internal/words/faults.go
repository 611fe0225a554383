package words

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
)

// Faults says how often faults of a kind took effect, and on which targets.
func Faults(k stats.FaultKind) string {
	text := fmt.Sprintf("%s: took effect %s", k.Kind, Times(k.Verified))
	if k.Verified > 0 && k.Scheduled > k.Verified {
		text += fmt.Sprintf(" of %d", k.Scheduled)
	}
	if k.Verified == 0 {
		text = k.Kind + ": never took effect"
	}
	if expired := expiredWords(k); expired != "" {
		text += " (clients " + expired + ")"
	}
	var rest []string
	if outlasted := Outlasted(k); outlasted != "" {
		rest = append(rest, outlasted)
	}
	if k.Failed > 0 {
		rest = append(rest, Times(k.Failed)+" without effect")
	}
	if n := k.Skipped - k.TooLate; n > 0 {
		rest = append(rest, Times(n)+" skipped for lack of a target")
	}
	if k.TooLate > 0 {
		rest = append(rest, Times(k.TooLate)+" overtaken by the end of the load")
	}
	switch n := k.Verified - k.Felt; {
	case n > 0 && n == k.Verified:
		rest = append(rest, "no client was affected")
	case n > 0:
		rest = append(rest, fmt.Sprintf("%d of these affected no client", n))
	}
	for _, r := range rest {
		text += ", " + r
	}
	return text
}

// AllFaults says in a few words which kinds of faults took effect, and how often if it was more than once.
func AllFaults(all []stats.FaultKind) string {
	var took, never []string
	for _, k := range all {
		if k.Verified == 0 {
			never = append(never, k.Kind)
			continue
		}
		name := k.Kind
		if k.Verified > 1 {
			name += " " + Times(k.Verified)
		}
		took = append(took, name)
	}
	var parts []string
	if len(never) > 0 {
		parts = append(parts, "never took effect: "+prose.List(never, "and"))
	}
	if len(took) > 0 {
		parts = append(parts, "took effect: "+prose.List(took, "and"))
	}
	return strings.Join(parts, "; ")
}

// Outlasted says how many faults of a kind outlasted a session of a client that they stopped.
// It returns "" for kinds that cannot, and for kinds that never took effect.
func Outlasted(k stats.FaultKind) string {
	switch {
	case k.Verified == 0 || kinds.Named(k.Kind).Traits.Sessions != history.EndIfOutlasted:
		return ""
	case k.Outlasted == 0:
		return "never longer than a session"
	case k.EndedSession == 0:
		return Times(k.Outlasted) + " longer than a session, none of which ended"
	case k.EndedSession == k.Outlasted:
		return Times(k.Outlasted) + " longer than a session, which ended"
	}
	return fmt.Sprintf("%s longer than a session, which ended %s", Times(k.Outlasted), Times(k.EndedSession))
}

func expiredWords(k stats.FaultKind) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{k.Holding, "holding"}, {k.Waiting, "waiting"}, {k.Idle, "idle"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %s", p.what, prose.Grouped(p.n)))
		}
	}
	return strings.Join(parts, ", ")
}

// Leader says how often faults hit the leader, and how often the leader changed.
func Leader(st *stats.Stats) string {
	hit := 0
	for _, f := range st.Faults {
		if f.Outcome == history.StepVerified && (strings.Contains(f.Spec, ":leader") || f.Elected != 0) {
			hit++
		}
	}
	elected := "no new leader was elected"
	if st.Elections > 0 {
		elected = "a new leader was elected " + Times(st.Elections)
	}
	if hit > 0 {
		return "the leader itself was hit " + Times(hit) + "; " + elected
	}
	return elected
}
