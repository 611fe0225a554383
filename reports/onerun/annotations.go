package onerun

import (
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/store"
)

// Annotation is a message on the page of a job of GitHub Actions.
type Annotation = verdicts.Annotation

// Annotations returns what went wrong in a run: an error for each violated property that decides and each
// gate that is exceeded, a warning if nothing was violated and not everything could be decided.
func Annotations(r *store.Result) []Annotation {
	var all []Annotation
	what := words.Subject(r)
	for _, p := range verdicts.Properties(r) {
		if p.Result == checker.Violation && p.Decides(r.Strict) {
			all = append(all, Annotation{Level: "error", Title: verdicts.ViolationTitle(r.Recipe, what, p.Name), Text: strings.Join(p.Reasons(), "\n")})
		}
	}
	return verdicts.Finished(all, r.Verdict, r.Gates, Annotation{Title: what + " is undecided", Text: strings.Join(append([]string{verdicts.Headline(r)}, verdicts.OpenReasons(r)...), "\n")})
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
