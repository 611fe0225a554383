package plan

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/faults"
)

// What the words of the grammar mean, for lists that people read.
const (
	AboutAll      = "every fault that the ensemble supports"
	AboutQuiet    = "a turn in which nothing happens"
	aboutWith     = "a fault that begins together with the one before it"
	aboutSequence = "the faults take turns in the order given"
	aboutMix      = "the faults take turns at random (the default)"
	aboutAimed    = "the faults come at messages, each at all kinds of places that the run meets"
	aboutTimes    = "how often the sequence is played"
	aboutWeight   = "how often it comes, relative to the others"
)

// Continuation is one way to continue an expression.
type Continuation struct {
	Text  string
	About string // what its last word stands for; may be ""
}

// Complete lists how an unfinished expression can go on, up to the end of its last word: a
// fault's name, or one of its arguments. Words that can have any value (times, messages,
// what follows "=") have no continuations. Complete does not check what precedes the last
// word: see [Parse].
func Complete(text string) []Continuation {
	at := strings.LastIndexByte(text, ',') + 1
	words := firstWords(at == 0)
	if strings.HasPrefix(text[at:], withName+":") {
		at, words = at+len(withName)+1, kindWords()
	}
	if name, arguments, ok := strings.Cut(text[at:], ":"); ok {
		at = strings.LastIndexByte(text, ':') + 1
		given := strings.Split(arguments, ":")
		words = argumentWords(name, given[:len(given)-1])
	}
	var all []Continuation
	for _, w := range words {
		if strings.HasPrefix(w.Text, text[at:]) {
			all = append(all, Continuation{text[:at] + w.Text, w.About})
		}
	}
	return all
}

// kindWords returns the names of all faults.
func kindWords() (words []Continuation) {
	for _, k := range faults.Kinds() {
		words = append(words, Continuation{k.Name, k.About})
	}
	return words
}

// firstWords returns the words that can begin an item.
func firstWords(first bool) []Continuation {
	words := append(kindWords(), Continuation{allName, AboutAll}, Continuation{quietName, AboutQuiet})
	if !first {
		return append(words, Continuation{withName + ":", aboutWith})
	}
	return append(words, Continuation{sequenceName, aboutSequence}, Continuation{mixName, aboutMix}, Continuation{aimedName, aboutAimed})
}

// argumentWords returns the words that can follow a name and its given arguments.
func argumentWords(name string, given []string) (words []Continuation) {
	weight := Continuation{weightKey + "=", aboutWeight}
	switch name {
	case sequenceName:
		return []Continuation{{timesKey + "=", aboutTimes}}
	case allName, quietName:
		return []Continuation{weight}
	}
	k, ok := faults.Named(name)
	if !ok {
		return nil
	}
	isWord := func(argument string) bool { return !strings.Contains(argument, "=") }
	if !slices.ContainsFunc(given, isWord) {
		for _, w := range k.Words {
			words = append(words, Continuation{Text: w})
		}
	}
	for _, o := range k.Options {
		words = append(words, Continuation{o.Key + "=", o.About})
	}
	return slices.DeleteFunc(append(words, weight), func(w Continuation) bool {
		return slices.ContainsFunc(given, func(argument string) bool {
			return strings.HasSuffix(w.Text, "=") && strings.HasPrefix(argument, w.Text)
		})
	})
}
