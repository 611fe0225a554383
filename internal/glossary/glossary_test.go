package glossary

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

var update = flag.Bool("update", false, "write docs/glossary.md anew")

// docs/glossary.md has the terms, and nothing else.
func TestPage(t *testing.T) {
	const page = "../../docs/glossary.md"
	if *update {
		must.Do(t, os.WriteFile(page, []byte(markdown()), 0o644))
	}
	got := must.Get(os.ReadFile(page))(t)
	if string(got) != markdown() {
		t.Error("docs/glossary.md differs from package glossary (go test -update writes it anew)")
	}
}

// Each word is declared once, in order, and explained in sentences.
func TestTerms(t *testing.T) {
	seen := map[string]bool{}
	for _, term := range Terms {
		for _, w := range append([]string{term.Word}, term.Forms...) {
			if seen[w] {
				t.Errorf("%q is declared twice", w)
			}
			seen[w] = true
		}
		if !strings.HasSuffix(term.Text, ".") || len(term.Text) > 300 || term.Page == "" {
			t.Errorf("%s: %q, see %q", term.Word, term.Text, term.Page)
		}
	}
	if !slices.IsSortedFunc(Terms, func(a, b Term) int { return strings.Compare(strings.ToLower(a.Word), strings.ToLower(b.Word)) }) {
		t.Error("the terms are not in order")
	}
}

func TestSplit(t *testing.T) {
	seen := map[string]bool{}
	once := func(term *Term) bool {
		again := seen[term.Word]
		seen[term.Word] = true
		return again
	}
	text := func(s string) string {
		var b strings.Builder
		for _, p := range Split(s, once) {
			if p.Term != nil {
				b.WriteString("[" + p.Text + "=" + p.Term.Word + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		return b.String()
	}
	for _, c := range [][2]string{
		{"", ""},
		{"two holds of a session; sessions hold", "two [holds=hold] of a [session=session]; sessions hold"},
		{"withhold a key_2 and keys", "withhold a key_2 and [keys=key]"},
		{"S, L", "[S=S], [L=L]"},
		{"Plan L of Z", "Plan L of Z"},
		{"the guarded resource, fail-overs", "the [guarded resource=guarded resource], [fail-overs=fail-over]"},
	} {
		if got := text(c[0]); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
}

// markdown is docs/glossary.md.
func markdown() string {
	var b strings.Builder
	b.WriteString(`# Glossary

The words that zklab uses in a special sense. Pages of results explain the same words where they stand.
What each property means is said on [the page of its recipe](which.md), and what faults do in
[faults.md](faults.md).

`)
	for _, t := range Terms {
		fmt.Fprintf(&b, "## %s\n\n", t.Word)
		b.WriteString(wrapped(t.Text + " [More](" + t.Page + ")."))
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// wrapped breaks a paragraph into lines of 100 characters.
func wrapped(text string) string {
	const width = 100
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		n := len([]rune(word))
		switch {
		case column == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteByte('\n')
	return b.String()
}
