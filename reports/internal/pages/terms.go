package pages

import (
	"html/template"
	"strings"

	"github.com/zklab/zklab/internal/glossary"
)

// Explainer marks the terms of the glossary in texts of a page, each where it stands first. A term
// explains itself when the pointer or the keyboard is on it, and leads to the glossary at the end of the
// page.
type Explainer struct {
	seen map[string]bool
	used map[string]bool
}

// NewExplainer returns the explainer of a new page.
func NewExplainer() *Explainer { return &Explainer{seen: map[string]bool{}, used: map[string]bool{}} }

// Explain returns a text as HTML, with the terms in it that the page has not explained yet. The letters
// of evidence are explained each time.
func (e *Explainer) Explain(text string) template.HTML {
	return e.explain(text, func(t *glossary.Term) bool { return len(t.Word) > 1 && e.seen[t.Word] })
}

// ExplainAgain is like Explain, for a part of the page that is read by itself.
func (e *Explainer) ExplainAgain(text string) template.HTML {
	here := map[string]bool{}
	return e.explain(text, func(t *glossary.Term) bool {
		again := here[t.Word]
		here[t.Word] = true
		return again
	})
}

func (e *Explainer) explain(text string, skip func(*glossary.Term) bool) template.HTML {
	var b strings.Builder
	for _, p := range glossary.Split(text, skip) {
		if p.Term == nil {
			b.WriteString(template.HTMLEscapeString(p.Text))
			continue
		}
		e.seen[p.Term.Word], e.used[p.Term.Word] = true, true
		b.WriteString(`<a class="term" href="#term-` + p.Term.Anchor() + `">` + template.HTMLEscapeString(p.Text) +
			`<span class="tip" role="tooltip">` + template.HTMLEscapeString(p.Term.Text) + `</span></a>`)
	}
	return template.HTML(b.String())
}

// explained is a term in the glossary of a page.
type explained struct{ Word, Anchor, Text, Page string }

// Glossary returns the terms that the page has used so far, in order.
func (e *Explainer) Glossary() (of []explained) {
	for _, t := range glossary.Terms {
		if e.used[t.Word] {
			of = append(of, explained{t.Word, t.Anchor(), t.Text, Docs + t.Page})
		}
	}
	return of
}
