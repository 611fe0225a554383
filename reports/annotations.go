package reports

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
)

// Annotation is a message on the page of a job of GitHub Actions.
type Annotation struct {
	Level       string // error or warning
	File        string // in the repository, to which the message belongs; "" for none
	Title, Text string
}

// String returns the line by which a step's output makes the annotation ("Workflow commands for GitHub
// Actions", Setting an error message).
func (a Annotation) String() string {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var lines []string
	for line := range strings.Lines(a.Text) {
		lines = append(lines, printable.Text(strings.TrimRight(line, "\n"), 1000))
	}
	place := ""
	if a.File != "" {
		place = "file=" + property.Replace(a.File) + ","
	}
	return fmt.Sprintf("::%s %stitle=%s::%s", a.Level, place, property.Replace(printable.Text(a.Title, 200)), data.Replace(strings.Join(lines, "\n")))
}

// mostAnnotations is how many annotations of a level GitHub shows of a step. The last one says how many more
// there are.
const mostAnnotations = 10

// Annotations returns what went wrong in a run: an error for each violated property that decides and each
// gate that is exceeded, a warning if nothing was violated and not everything could be decided.
func Annotations(r *store.Result) []Annotation {
	var all []Annotation
	what := words.Subject(r)
	for _, p := range verdicts.Properties(r) {
		if p.Result == checker.Violation && p.Decides(r.Strict) {
			all = append(all, Annotation{Level: "error", Title: violated(r.Recipe, what, p.Name), Text: strings.Join(p.Reasons(), "\n")})
		}
	}
	return finished(all, r.Verdict, r.Gates, Annotation{Title: what + " is undecided", Text: strings.Join(append([]string{verdicts.Headline(r)}, verdicts.OpenReasons(r)...), "\n")})
}

// SweepAnnotations returns what went wrong in a sweep, by cause.
func SweepAnnotations(s *sweep.Summary) []Annotation {
	var all []Annotation
	what := sweepSubject(s)
	for _, f := range s.Findings {
		if f.Measured {
			continue
		}
		text := fmt.Sprintf("%s; %s, such as seed %d.\n%s", words.FindingRate(f), words.Met(f.Cause), f.Smallest.Seed, f.Shape)
		all = append(all, Annotation{Level: "error", Title: violated(s.Description.Setting("recipe"), what, f.Property), Text: words.Capital(text)})
	}
	return finished(all, s.Verdict, s.Gates, Annotation{Title: what + " is undecided", Text: sweepSentence(s)})
}

// violated returns the title of a violation: who broke the promise, and which one.
func violated(model, subject, property string) string {
	if checker.OfServers(model, property) {
		subject = "the servers"
	}
	return strings.TrimPrefix(subject, "the ") + ": " + property + " violated"
}

// LinearAnnotations returns what is wrong with a history of another tool.
func LinearAnnotations(r linear.Report) []Annotation {
	var all []Annotation
	for _, v := range r.Verdicts {
		if v.Result == checker.Violation {
			all = append(all, Annotation{Level: "error", Title: linearSentence(r), Text: strings.TrimPrefix(v.Key+": "+v.Reason, ": ")})
		}
	}
	return finished(all, r.Verdict, nil, Annotation{Title: linearSentence(r)})
}

// finished adds the judged gates, and a warning about what is undecided if nothing went wrong. It
// leaves out annotations that GitHub would not show.
func finished(all []Annotation, verdict checker.Result, judged []gates.Result, undecided Annotation) []Annotation {
	for _, g := range judged {
		switch g.Result {
		case gates.Exceeded:
			all = append(all, Annotation{Level: "error", Title: "gate exceeded: " + g.Gate, Text: g.Text})
		case gates.Undecided:
			all = append(all, Annotation{Level: "warning", Title: "gate undecided: " + g.Gate, Text: g.Text})
		}
	}
	if verdict == checker.Unknown {
		undecided.Level = "warning"
		all = append(all, undecided)
	}
	if more := len(all) - mostAnnotations; more > 0 {
		all = all[:mostAnnotations]
		all[mostAnnotations-1] = Annotation{Level: "error", Title: prose.Count(more+1, "more message"), Text: "The summary of the step has all of them."}
	}
	return all
}

// StepSummary returns a summary for the terminal as Markdown, for the page of a job of
// GitHub Actions.
func StepSummary(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + strings.Trim(text, "\n") + "\n" + fence + "\n\n"
}
