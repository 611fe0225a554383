package faults

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/faults/kinds"
)

// Kind is a kind of fault as people write it and as lists show it. Each file that
// implements a fault declares its kind; package kinds has the order.
type Kind struct {
	Name  string `json:"name"`
	About string `json:"about"` // what it does, in a few words
	// Words lists the words that may follow the name and a colon, one at a time. Options may follow,
	// too, each as key=value. A word that needs a number is shown by an example: client-0.
	Words   []string `json:"words,omitempty"`
	Options []Option `json:"options,omitempty"`
	// Harsh faults break the conditions under which recipes promise anything. "all" leaves
	// them out.
	Harsh bool `json:"harsh,omitempty"`

	hits  kinds.Target
	guide []row // its rows of the table in docs/faults.md
	words words
	at    atMessages // how it is injected at a message
	// build makes the fault from arguments that were checked.
	build func(arguments) Fault
	// vary fills in what a fault leaves open, for the n-th fault (from 0) of its kind in a
	// mix. It is nil if the fault leaves nothing open.
	vary func(f Fault, n int, rng *rand.Rand) Fault
}

// Option is an argument with a name.
type Option struct {
	Key     string `json:"key"`
	About   string `json:"about"`
	Example string `json:"example"` // a valid value
	// Check returns what is wrong with a value. A value may hold letters, digits and -_.%/,
	// which no shell interprets.
	Check func(value string) error `json:"-"`
}

// row is a row of the guide's table: what happens, how it is verified from outside, and
// what heals it. arguments are the arguments as the guide writes them; if "", they follow
// from words and options.
type row struct{ arguments, happens, verified, healed string }

// words describes what may follow a fault's name and a colon: pause:leader.
type words struct {
	list []string
	// check, if not nil, reports whether any other word is valid: client-3.
	check func(string) error
	// examples stand for words that only check knows, as people see them: client-0.
	examples []string
}

// wrong returns why a word is not valid; nil if it is.
func (w words) wrong(word string) error {
	switch {
	case slices.Contains(w.list, word):
		return nil
	case w.check == nil:
		return errors.New("no such word")
	}
	return w.check(word)
}

// arguments are the arguments of one fault in an expression.
type arguments struct {
	word    string // "" where it was left out
	options map[string]string
}

// spec returns a kind with its word, if there is one, as people write it.
func spec(k kinds.Kind, word string) string {
	if word == "" {
		return k.Name
	}
	return k.Name + ":" + word
}

// withOption adds key=value to a spec, unless value is "".
func withOption(spec, key, value string) string {
	if value == "" {
		return spec
	}
	return spec + ":" + key + "=" + value
}

// withCount is like withOption, for a number; 0 adds nothing.
func withCount(spec, key string, n int) string {
	if n == 0 {
		return spec
	}
	return withOption(spec, key, strconv.Itoa(n))
}

// withTime is like withOption, for a duration; 0 adds nothing.
func withTime(spec, key string, d time.Duration) string {
	if d == 0 {
		return spec
	}
	return withOption(spec, key, d.String())
}

// declared holds all kinds by name.
var declared = map[string]*Kind{}

// declare adds a kind under the name that package kinds has for it.
func declare(as kinds.Kind, k Kind) *Kind {
	k.Name, k.hits, k.Words = as.Name, as.Hits, slices.Concat(k.words.list, k.words.examples)
	declared[k.Name] = &k
	return &k
}

// Kinds lists all kinds of faults, in the order of package kinds.
func Kinds() []Kind {
	var list []Kind
	for _, k := range kinds.All() {
		list = append(list, *declared[k.Name])
	}
	return list
}

// Named returns the kind with a name; false if there is none.
func Named(name string) (Kind, bool) {
	if k := declared[name]; k != nil {
		return *k, true
	}
	return Kind{}, false
}

// Takes returns what is wrong with a word after the name and a colon; nil if it is valid.
func (k Kind) Takes(word string) error { return k.words.wrong(word) }

// New makes a fault of the kind. The word ("" for none) and the values of options, by their
// keys, must be valid.
func (k Kind) New(word string, options map[string]string) Fault {
	return k.build(arguments{word: word, options: options})
}

// Plain returns the fault that is written as the kind's name alone.
func (k Kind) Plain() Fault { return k.New("", nil) }

// Drawn returns a fault with its open parameters filled in, as the n-th (from 0) of its kind in a mix.
// Faults of other packages, including those that embed one of this package, are returned unchanged.
func Drawn(f Fault, n int, rng *rand.Rand) Fault {
	if k, ok := own(f); ok && k.vary != nil {
		return k.vary(f, n, rng)
	}
	return f
}
