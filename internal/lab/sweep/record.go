package sweep

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// Of returns the line of a decided run. passed has its messages, in their order, and wall is the real time that it
// took. The sweep adds the folder of the run and the time of writing.
func Of(result *store.Result, h *history.History, passed []link.Passed, wall time.Duration) Line {
	l := Line{
		Seed: result.Seed, Verdict: result.Verdict, Operations: result.Stats.Operations, Events: len(h.Events),
		VirtualMS: stats.End(h).Milliseconds(), WallMS: wall.Milliseconds(), Met: Exercise(h, passed),
		ZooKeeper: result.Ensemble.Version, Samples: result.Stats.Samples, Behaviours: coverage.Hashes(coverage.Of(h)),
	}
	l.Struck = StruckBy(result)
	if result.Leftovers != nil {
		l.Leaks = result.Leftovers.Warnings()
	}
	l.properties(result, h)
	return l
}

// properties adds the results of the properties, once for each cause or reason. A property is valid
// if it is valid for all keys.
func (l *Line) properties(result *store.Result, h *history.History) {
	unmet := unmet(result.Assumptions)
	c := causesOfRun{h: h}
	bad := map[string]bool{}
	for _, v := range result.Verdicts {
		p := Property{Name: v.Property, Result: v.Result, Measured: v.Measured && !result.Strict}
		switch v.Result {
		case checker.Valid:
			continue
		case checker.Violation:
			p.Shape, p.Faults = c.of(v)
			p.Example = sentenceOf(v)
		default:
			p.Why = class(v.Reason, unmet)
			p.Example = exampleOf(v.Reason, p.Why)
		}
		bad[v.Property] = true
		if !slices.ContainsFunc(l.NotValid, p.same) {
			l.NotValid = append(l.NotValid, p)
		}
	}
	l.Unchecked = UncheckedIn(result)
	for _, v := range result.Verdicts {
		if !bad[v.Property] && !slices.Contains(l.Valid, v.Property) {
			l.Valid = append(l.Valid, v.Property)
		}
	}
}

func (p Property) same(q Property) bool {
	return p.Name == q.Name && p.Result == q.Result && p.Why == q.Why && p.Shape == q.Shape && slices.Equal(p.Faults, q.Faults)
}

// unmet names the assumptions that did not hold.
func unmet(all []checker.Assumption) (names []string) {
	for _, a := range checker.Unmet(all) {
		names = append(names, a.Name)
	}
	return names
}

// sentenceOf tells what happened, and on which key.
func sentenceOf(v checker.Verdict) string {
	if v.Reason != "" && !strings.Contains(v.Reason, v.Key) {
		v.Reason = "on " + v.Key + ": " + v.Reason
	}
	return printable.Text(v.Reason, mostTold)
}

// mostTold is how much of the sentence about a violation is kept, in characters.
const mostTold = 400

var (
	keyNumbers = regexp.MustCompile(` \(keys [^)]*\)`)
	numbers    = regexp.MustCompile(`0x[0-9a-f]+|[0-9]+([.,][0-9]+)*`)
)

// class returns a reason without the parts that differ from run to run: numbers, keys, times. If the
// reason says only that assumptions did not hold, class names these.
func class(reason string, unmet []string) string {
	if strings.HasPrefix(reason, checker.NothingWrong) && len(unmet) > 0 {
		return "assumption " + strings.Join(unmet, ", ")
	}
	reason = keyNumbers.ReplaceAllString(reason, "")
	return printable.Text(numbers.ReplaceAllString(reason, "#"), mostReason)
}

// exampleOf returns the reason itself, for people, if its class says less.
func exampleOf(reason, class string) string {
	text, assumed := strings.CutPrefix(reason, checker.NothingWrong)
	if !assumed && !strings.Contains(class, "#") {
		return ""
	}
	return printable.Text(keyNumbers.ReplaceAllString(text, ""), mostReason)
}
