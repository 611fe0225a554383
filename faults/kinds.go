package faults

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// kind is a fault as people write it and list it. Each file that makes a fault
// has its kind beside it; kinds lists them all.
type kind struct {
	name  string
	about string // what it does, in a few words
	// words are what may follow the name and a colon by itself: pause:leader.
	// word, where there is one, says of any other whether it will do: client-3.
	words []string
	word  func(string) error
	// examples are words that only word knows, as they are shown to people: client-0.
	examples []string
	// options are what may follow as key=value.
	options []option
	// harsh marks what breaks the conditions under which recipes promise
	// anything: "all" leaves it out.
	harsh bool
	// build makes the fault. What it is given was checked.
	build func(arguments) Fault
	// vary fills in what a fault leaves open, for the n-th (from 0) of its kind in
	// a mix; nil where nothing can be open.
	vary func(f Fault, n int, rng *rand.Rand) Fault
}

// option is an argument with a name.
type option struct {
	key     string
	about   string
	example string // a value that will do
	// check says what is wrong with a value. It may hold letters, digits and any
	// of -_.%/ (nothing that a shell would take).
	check func(value string) error
}

// arguments are those of one fault in an expression.
type arguments struct {
	word    string // "" where it was left out
	options map[string]string
}

// spec is a kind with its word, where there is one, as people write it.
func spec(kind, word string) string {
	if word == "" {
		return kind
	}
	return kind + ":" + word
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

// kinds are all faults, in the order in which they are listed: servers, the
// network between them, links of clients, single messages, sessions, processes
// of clients, znodes.
var kinds = []kind{
	pauseKind,
	killKind,
	restartKind,
	rollingKind,
	fullDiskKind,
	slowDiskKind,
	partitionKind,
	lossyKind,
	slowNetworkKind,
	cutOffKind,
	cutKind,
	resetKind,
	refuseKind,
	stallLinkKind,
	slowLinkKind,
	moveKind,
	loseRequestKind,
	loseReplyKind,
	lateEventKind,
	expireKind,
	silenceKind,
	duplicateKind,
	freezeKind,
	crashKind,
	foreignKind,
	aclKind,
	recreateKind,
	counterKind,
}

// kindNamed gives the kind with a name, nil if there is none.
func kindNamed(name string) *kind {
	if i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name }); i >= 0 {
		return &kinds[i]
	}
	return nil
}

// kindOf gives the kind of a fault of ours, nil for anybody else's.
func kindOf(f Fault) *kind {
	if k := kindNamed(f.Kind()); k != nil && reflect.TypeOf(k.build(arguments{})) == reflect.TypeOf(f) {
		return k
	}
	return nil
}

// Kind is a kind of fault as it is listed for people.
type Kind struct {
	Name  string `json:"name"`
	About string `json:"about"` // what it does, in a few words
	// Words may follow the name and a colon, one of them; Options, too, each as
	// key=value.
	Words   []string `json:"words,omitempty"`
	Options []Option `json:"options,omitempty"`
	// Harsh faults break what recipes rely on: "all" leaves them out.
	Harsh bool `json:"harsh,omitempty"`
}

// Option is an argument with a name.
type Option struct {
	Key     string `json:"key"`
	About   string `json:"about"`
	Example string `json:"example"` // a value
}

// Kinds lists all kinds of faults, in the order of package faults.
func Kinds() []Kind {
	var out []Kind
	for _, k := range kinds {
		listed := Kind{Name: k.name, About: k.about, Words: slices.Concat(k.words, k.examples), Harsh: k.harsh}
		for _, o := range k.options {
			listed.Options = append(listed.Options, Option{o.key, o.about, o.example})
		}
		out = append(out, listed)
	}
	return out
}

// Plain is the fault of the kind that says nothing more than its name.
func (k Kind) Plain() Fault { return kindNamed(k.Name).build(arguments{}) }
