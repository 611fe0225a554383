package verdicts

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats/gates"
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

// ViolationTitle returns the title of a violation: who broke the promise, and which one.
func ViolationTitle(model, subject, property string) string {
	if checker.OfServers(model, property) {
		subject = "the servers"
	}
	return strings.TrimPrefix(subject, "the ") + ": " + property + " violated"
}

// Finished adds the judged gates, and a warning about what is undecided if nothing went wrong. It
// leaves out annotations that GitHub would not show.
func Finished(all []Annotation, verdict checker.Result, judged []gates.Result, undecided Annotation) []Annotation {
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
