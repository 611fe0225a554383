// Package advice declares what zklab tells its user to do next: each advice once, with the situation in which it is
// given. TestAdvice in package cli plays every situation, does what it is told, and checks that it helps. The package
// imports nothing of zklab.
//
// What corrects a wrong command line or file is not here: such an error says what is right where it finds what is wrong.
package advice

import (
	"fmt"
	"regexp"
	"strings"
)

// Advice is what a user can do in a situation.
type Advice struct {
	// Name is the advice's name in the scripts that play it.
	Name string
	// Situation is when zklab gives the advice.
	Situation string
	words     string
}

// all lists the advices in the order of their declaration.
var all []*Advice

// in declares an advice. The words are a format of package fmt with %s and %d for what depends on the situation.
func in(situation, name, words string) *Advice {
	a := &Advice{Name: name, Situation: situation, words: words}
	all = append(all, a)
	return a
}

// All lists all advices.
func All() []*Advice { return all }

// Text returns the advice with what depends on the situation.
func (a *Advice) Text(of ...any) string {
	if len(of) == 0 {
		return a.words
	}
	return fmt.Sprintf(a.words, of...)
}

// In reports whether a text gives the advice.
func (a *Advice) In(text string) bool { return a.Pattern().MatchString(text) }

// verb is a place in the words for what depends on the situation.
var verb = regexp.MustCompile(`%[sd]`)

// Pattern matches the advice in a text, which may be broken into lines anywhere between two words. Its groups are what
// depends on the situation; the last one ends with the line, if the words end with it.
func (a *Advice) Pattern() *regexp.Regexp {
	parts := verb.Split(a.words, -1)
	for i, part := range parts {
		var words []string
		for _, w := range strings.Split(part, " ") {
			words = append(words, regexp.QuoteMeta(w))
		}
		parts[i] = strings.Join(words, `\s+`)
	}
	last := len(parts) - 1
	if last > 0 && parts[last] == "" {
		parts[last-1] += `(.+)`
		parts = parts[:last]
	}
	return regexp.MustCompile(strings.Join(parts, `(.+?)`))
}
