package faults

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/nearest"
)

// parseItem reads a name and what follows it. Times stand at the end: they are
// taken off first, so that a value may hold slashes.
func parseItem(name, rest span) (i item, err error) {
	args, times := cutTimes(rest)
	if err := i.times(times); err != nil {
		return i, err
	}
	switch name.String() {
	case allName:
		i.turn.all = true
		err = i.plain(name, args)
	case quietName:
		err = i.quiet(name, args)
	default:
		err = i.fault(name, args)
	}
	if err != nil {
		return i, err
	}
	return i, i.fits(name, args, times)
}

// fits says whether times and weight fit what the item is.
func (i *item) fits(name, args span, times []span) error {
	switch {
	case i.fixed && i.turn.all:
		return times[0].wrong("%s stands for faults that take turns, which have no times of their own", name)
	case i.fixed && i.turn.Weight > 0:
		return args.wrong("%s is for faults that take turns; this one has a time of its own", weightKey)
	case i.turn.quiet() && len(times) > 0:
		return times[0].wrong("%s has no times; write %s:20s", name, quietName)
	}
	if i.turn.Weight == 1 {
		i.turn.Weight = 0 // what it is anyway
	}
	return nil
}

// cutTimes divides what follows a name into arguments and the parts that begin
// with @, + and /. A slash is one of those only if what follows could be a time,
// or if there is no value that it could belong to.
func cutTimes(rest span) (args span, times []span) {
	text := rest.String()
	end := len(text)
	if i := strings.IndexAny(text, "@+"); i >= 0 {
		end = i
	}
	last := strings.LastIndexByte(text[:end], ':') + 1
	slash := strings.LastIndexByte(text[:end], '/')
	if !strings.Contains(text[last:end], "=") {
		slash = strings.IndexByte(text[:end], '/')
	} else if _, err := time.ParseDuration(text[slash+1 : end]); err != nil || end < len(text) {
		slash = -1
	}
	if slash >= 0 {
		end = slash
	}
	args, rest = rest.cut(end)
	for rest.String() != "" {
		next := strings.IndexAny(rest.String()[1:], "@+/")
		if next < 0 {
			return args, append(times, rest)
		}
		var one span
		one, rest = rest.cut(next + 1)
		times = append(times, one)
	}
	return args, times
}

// The least and the longest of times.
const (
	shortestPeriod = 100 * time.Millisecond
	longest        = 7 * 24 * time.Hour
)

// times reads what begins with @, + and /, in this order, none twice.
func (i *item) times(parts []span) error {
	const order = "@+/"
	before := -1
	for _, part := range parts {
		sign := strings.IndexByte(order, part.String()[0])
		switch {
		case sign == before:
			return part.wrong("%q stands twice", order[sign:sign+1])
		case sign < before:
			return part.wrong("%q stands behind %q; write @10s+5s/30s", order[sign:sign+1], order[before:before+1])
		}
		before = sign
		d, err := duration(part)
		if err != nil {
			return err
		}
		switch order[sign] {
		case '@':
			i.at, i.fixed = d, true
		case '+':
			i.turn.For = d
			if d == 0 {
				return part.wrong("a fault that lasts no time is none")
			}
		case '/':
			i.period = d
			if !i.fixed {
				i.at, i.fixed = d, true
			}
			if d < shortestPeriod {
				return part.wrong("a fault can come again every %s at most", short(shortestPeriod))
			}
			if i.turn.For > d {
				return part.wrong("it lasts %s, which is longer than the %s after which it comes again", short(i.turn.For), short(d))
			}
		}
	}
	return nil
}

// duration reads the time behind a sign or a colon.
func duration(s span) (time.Duration, error) {
	text := s.skip(1)
	d, err := time.ParseDuration(text.String())
	switch {
	case text.String() == "":
		return 0, s.wrong("a time is missing behind %q", s)
	case strings.HasPrefix(text.String(), "-"):
		return 0, text.wrong("a time must not be negative")
	case err != nil:
		return 0, text.wrong("%q is no time; write 10s, 500ms or 2m", text)
	case d > longest:
		return 0, text.wrong("%s is longer than a week", text)
	}
	return d, nil
}

// number reads a whole number from 1.
func number(s span, most int) (int, error) {
	n, err := strconv.Atoi(s.String())
	if err != nil || n < 1 || n > most {
		return 0, s.wrong("%q is no number from 1 to %d", s, most)
	}
	return n, nil
}

// arguments gives what stands between colons.
func (s span) arguments() []span {
	if s.String() == "" {
		return nil
	}
	return s.skip(1).split(':')
}

// plain reads what takes no argument but a weight.
func (i *item) plain(name, args span) error {
	for _, arg := range args.arguments() {
		weight, err := i.weight(arg)
		if err != nil {
			return err
		}
		if !weight {
			return arg.wrong("%s takes no %q", name, arg)
		}
	}
	return nil
}

// quiet reads how long nothing happens.
func (i *item) quiet(name, args span) error {
	for _, arg := range args.arguments() {
		weight, err := i.weight(arg)
		if err != nil {
			return err
		}
		if weight {
			continue
		}
		if i.turn.For > 0 {
			return arg.wrong("%s takes one time; %q is too much", name, arg)
		}
		arg.from-- // the colon
		if i.turn.For, err = duration(arg); err != nil {
			return err
		}
		if i.turn.For == 0 {
			return arg.skip(1).wrong("quiet that lasts no time is none")
		}
	}
	return nil
}

// weight reads an argument if it is the weight.
func (i *item) weight(arg span) (bool, error) {
	if !strings.HasPrefix(arg.String(), weightKey+"=") {
		return false, nil
	}
	if i.turn.Weight > 0 {
		return true, arg.wrong("%s stands twice", weightKey)
	}
	var err error
	i.turn.Weight, err = number(arg.skip(len(weightKey)+1), 100)
	return true, err
}

// fault reads a fault with its arguments.
func (i *item) fault(name, args span) error {
	k := kindNamed(name.String())
	if k == nil {
		known := append(names(), allName, quietName)
		return name.wrong("unknown fault %q%sknown are %s", name, nearest.DidYouMean(name.String(), known), strings.Join(known, ", "))
	}
	a := arguments{options: map[string]string{}}
	for _, arg := range args.arguments() {
		weight, err := i.weight(arg)
		if err == nil && !weight {
			err = a.take(k, arg)
		}
		if err != nil {
			return err
		}
	}
	i.turn.Faults = []Fault{k.build(a)}
	return nil
}

func names() []string {
	var out []string
	for _, k := range kinds {
		out = append(out, k.name)
	}
	return out
}

// take reads one argument of a kind of fault.
func (a *arguments) take(k *kind, arg span) error {
	if text := arg.String(); text == "" {
		return arg.wrong("an argument is missing behind the colon; %s", k.takes())
	}
	key, value, isOption := strings.Cut(arg.String(), "=")
	if isOption {
		return a.option(k, arg, key, value)
	}
	if !slices.Contains(k.words, key) {
		if err := k.unknownWord(key); err != nil {
			return arg.wrong("%s", err)
		}
	}
	if a.word != "" {
		return arg.wrong("%s takes one word, and has %q before %q", k.name, a.word, arg)
	}
	a.word = key
	return nil
}

func (a *arguments) option(k *kind, arg span, key, value string) error {
	n := slices.IndexFunc(k.options, func(o option) bool { return o.key == key })
	if n < 0 {
		return arg.wrong("%s knows no %q%s%s", k.name, brief(key), nearest.DidYouMean(key, k.keys()), k.takes())
	}
	if _, twice := a.options[key]; twice {
		return arg.wrong("%q stands twice", key)
	}
	if value == "" {
		return arg.wrong("%s has no value; write %s=%s", key, key, k.options[n].example)
	}
	if err := k.options[n].check(value); err != nil {
		return arg.skip(len(key)+1).wrong("%s=%s: %s", key, brief(value), err)
	}
	a.options[key] = value
	return nil
}

// unknownWord says why a word that is not in the list will not do; nil if it will.
func (k *kind) unknownWord(word string) error {
	if k.word != nil && k.word(word) == nil {
		return nil
	}
	return fmt.Errorf("%s knows no %q%s%s", k.name, brief(word), nearest.DidYouMean(word, append(k.keys(), k.words...)), k.takes())
}

func (k *kind) keys() []string {
	keys := []string{weightKey}
	for _, o := range k.options {
		keys = append(keys, o.key)
	}
	return keys
}

// takes lists what a kind of fault takes, for people.
func (k *kind) takes() string {
	all := slices.Concat(k.words, k.examples)
	for _, o := range k.options {
		all = append(all, o.key+"="+o.example)
	}
	return "it takes " + strings.Join(append(all, weightKey+"=2"), ", ")
}
