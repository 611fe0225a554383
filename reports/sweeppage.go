package reports

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"path/filepath"

	"github.com/zklab/zklab/internal/sweep"
	"github.com/zklab/zklab/store"
)

//go:embed templates/sweep.html.tmpl
var sweepTemplate string

var sweepPage = template.Must(template.New("sweep").Funcs(template.FuncMap{
	"thousands": thousands, "plural": plural, "mark": markOf, "word": wordOf, "capital": capital,
	"rate": findingRate, "met": metWords, "sign": propertyMark, "property": propertyWords, "shard": shardWords, "absent": absentWords,
}).Parse(sweepTemplate))

// sweepPageOf is what the template shows.
type sweepPageOf struct {
	*sweep.Summary
	Style    template.CSS
	Heading  string
	Sentence string
	Runs     string
	Rate     string
	Matrix   sweep.Matrix
	folder   string
}

// WriteSweep writes the page of a sweep, one self-contained file. Folders of runs that are
// kept are named as seen from it.
func WriteSweep(path string, s *sweep.Summary) error {
	p := sweepPageOf{
		Summary: s, Style: template.CSS(styleSheet), Heading: sweepSubject(s), Sentence: sweepSentence(s),
		Runs: runsWords(s), Rate: rateWords(s), Matrix: s.Matrix(), folder: filepath.Dir(path),
	}
	var b bytes.Buffer
	if err := sweepPage.Execute(&b, p); err != nil {
		return fmt.Errorf("write the page of the sweep: %w", err)
	}
	return store.WriteFile(path, b.Bytes())
}

// Report is the report of a run that is kept, as seen from the page; empty: it is not kept.
func (p sweepPageOf) Report(x sweep.Example) string {
	if x.Kept == "" {
		return ""
	}
	rel, err := filepath.Rel(p.folder, filepath.Join(x.Kept, "report.html"))
	if err != nil {
		return ""
	}
	return filepath.ToSlash(rel)
}

// Replay is the command that runs it again.
func (p sweepPageOf) Replay(x sweep.Example) string { return replayWords(p.Summary, x) }

// Never are the kinds that never took effect, as a set.
func (p sweepPageOf) Never() map[string]bool {
	never := map[string]bool{}
	for _, kind := range p.Summary.Never() {
		never[kind] = true
	}
	return never
}
