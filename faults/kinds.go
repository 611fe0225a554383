package faults

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/faults/kinds"
)

// Kind is a kind of fault as people write it and as it is listed for them. Each file
// that makes a fault declares its kind there; the order is that of package kinds.
type Kind struct {
	Name  string `json:"name"`
	About string `json:"about"` // what it does, in a few words
	// Words may follow the name and a colon, one of them; Options, too, each as
	// key=value. Of words that need a number, an example is among them: client-0.
	Words   []string `json:"words,omitempty"`
	Options []Option `json:"options,omitempty"`
	// Harsh faults break the conditions under which recipes promise anything: "all"
	// leaves them out.
	Harsh bool `json:"harsh,omitempty"`

	hits  kinds.Target
	guide []row // what docs/faults.md says of it, a row of its table each
	words words
	at    atMessages // how it is injected at a message
	// build makes the fault. What it is given was checked.
	build func(arguments) Fault
	// vary fills in what a fault leaves open, for the n-th (from 0) of its kind in
	// a mix; nil where nothing can be open.
	vary func(f Fault, n int, rng *rand.Rand) Fault
}

// Option is an argument with a name.
type Option struct {
	Key     string `json:"key"`
	About   string `json:"about"`
	Example string `json:"example"` // a value that will do
	// Check says what is wrong with a value. It may hold letters, digits and any
	// of -_.%/ (nothing that a shell would take).
	Check func(value string) error `json:"-"`
}

// row is one of the guide's table: what happens, how it is verified from outside, and
// what heals it. arguments are as they are written there; "" is what words and options say.
type row struct{ arguments, happens, verified, healed string }

// words are what may follow a fault's name and a colon by itself: pause:leader.
type words struct {
	list []string
	// check, where there is one, says of any other whether it will do: client-3.
	check func(string) error
	// examples are words that only check knows, as they are shown to people: client-0.
	examples []string
}

// wrong says why a word will not do; nil if it will.
func (w words) wrong(word string) error {
	switch {
	case slices.Contains(w.list, word):
		return nil
	case w.check == nil:
		return errors.New("no such word")
	}
	return w.check(word)
}

// arguments are those of one fault in an expression.
type arguments struct {
	word    string // "" where it was left out
	options map[string]string
}

// spec is a kind with its word, where there is one, as people write it.
func spec(k kinds.Kind, word string) string {
	if word == "" {
		return k.Name
	}
	return k.Name + ":" + word
}

// withOption adds key=value to a spec, where there is a value.
func withOption(spec, key, value string) string {
	if value == "" {
		return spec
	}
	return spec + ":" + key + "=" + value
}

// withCount is withOption for a number, 0 being none.
func withCount(spec, key string, n int) string {
	if n == 0 {
		return spec
	}
	return withOption(spec, key, strconv.Itoa(n))
}

// withTime is withOption for a duration, 0 being none.
func withTime(spec, key string, d time.Duration) string {
	if d == 0 {
		return spec
	}
	return withOption(spec, key, d.String())
}

// declared are all kinds by name.
var declared = map[string]*Kind{}

// declare adds a kind by the name that package kinds has for it.
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

// Named gives the kind with a name; false if there is none.
func Named(name string) (Kind, bool) {
	if k := declared[name]; k != nil {
		return *k, true
	}
	return Kind{}, false
}

// Takes says what is wrong with a word behind the name and a colon; nil if it will do.
func (k Kind) Takes(word string) error { return k.words.wrong(word) }

// New makes a fault of the kind. The word ("" is none) and the values of options, by
// their keys, must be such as it takes.
func (k Kind) New(word string, options map[string]string) Fault {
	return k.build(arguments{word: word, options: options})
}

// Plain is the fault of the kind that says nothing more than its name.
func (k Kind) Plain() Fault { return k.New("", nil) }

// Drawn is a fault with what it leaves open filled in, as the n-th (from 0) of its kind
// in a mix. Faults of others, also those that embed one of ours, are as they are.
func Drawn(f Fault, n int, rng *rand.Rand) Fault {
	if k, ok := own(f); ok && k.vary != nil {
		return k.vary(f, n, rng)
	}
	return f
}
