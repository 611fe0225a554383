// Package pages has what the pages of runs, sweeps, comparisons and explorations share: their style, the parts of their
// templates, the glossary, and places for pictures. It draws nothing.
package pages

import (
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"sync"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/gates"
)

// Docs is the address of the documentation.
const Docs = "https://github.com/zklab/zklab/blob/main/docs/"

// StyleSheet is the style sheet of all pages.
//
//go:embed templates/style.css
var StyleSheet string

//go:embed templates/parts.html.tmpl
var parts string

// funcs holds the functions of all templates.
var funcs = template.FuncMap{
	"docs": func() string { return Docs }, "length": prose.Length, "bound": words.Bound, "thousands": prose.Grouped, "plural": words.Plural, "times": words.Times,
	"figures": words.Figures, "sentence": words.Sentence, "mark": verdicts.Mark, "word": verdicts.Word, "capital": words.Capital, "gateClass": GateClass, "slice": sliceOf, "meaning": faults.Meaning,
}

// New returns a function that returns the template of a page, with the parts that pages share. The first
// call parses them: most commands write no page, and parsing takes a tenth of the time in which they start.
func New(name, text string, more template.FuncMap) func() *template.Template {
	return sync.OnceValue(func() *template.Template {
		return template.Must(template.Must(template.New(name).Funcs(funcs).Funcs(more).Parse(parts)).Parse(text))
	})
}

// sliceOf hands several values to a template.
func sliceOf(values ...any) []any { return values }

// GateClass returns the style for the state of a gate.
func GateClass(s gates.State) string {
	return map[gates.State]string{gates.Kept: "valid", gates.Exceeded: "violation", gates.Undecided: "unknown"}[s]
}

// Picture is a plot within a page, or the reason why there is none.
type Picture struct {
	File, Title, Alt, Absent string
	Image                    template.URL
	Narrow                   bool
}

// Embedded returns an SVG as the address of an image. An image, unlike markup, has no script or style that could
// affect the page.
func Embedded(svg []byte) template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg))
}

// Plots are the plots of a run.
type Plots struct {
	Overview *Picture // nil if there is none
	Others   []Picture
	// Write writes their files into a folder, and removes plots of an earlier report from it. It writes no other file
	// when ctx ends.
	Write func(ctx context.Context, dir string) []error
}

// Draw draws the plots of a run. It is nil in a program that does not import package reports.
var Draw func(*material.Run) *Plots

// Unwritten returns an error that counts the files that could not be written and gives the reason
// for the first.
func Unwritten(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return fmt.Errorf("%d files could not be written: %w", len(errs), errs[0])
}
