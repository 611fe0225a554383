package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/link"
)

// parseItem reads a name and what follows it. Times come last; parseItem takes them off
// first, so that a value may contain slashes.
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

// fits checks that times and weight are allowed for this kind of item.
func (i *item) fits(name, args span, times []span) error {
	switch {
	case i.fixed && i.turn.all:
		return times[0].wrong("%s stands for faults that take turns, which have no times of their own", name)
	case i.fixed && i.turn.Weight > 0:
		return args.wrong("%s is for faults that take turns, but this fault has its own time", weightKey)
	case i.turn.quiet() && len(times) > 0:
		return times[0].wrong("%s has no times; write %s:20s", name, quietName)
	}
	if i.turn.Weight == 1 {
		i.turn.Weight = 0 // the default
	}
	return i.fitsPoint(times)
}

// fitsPoint checks that the fault can be injected at the named message.
func (i *item) fitsPoint(times []span) error {
	if i.point.Zero() {
		return nil
	}
	if i.period > 0 {
		return times[len(times)-1].wrong("a message passes once, so the fault cannot come again")
	}
	var err error
	if i.point, err = faults.PointOf(i.turn.Faults[0], i.point); err != nil {
		return times[0].skip(1).wrong("%v", err)
	}
	return nil
}

// takes checks that a fault can begin together with the item, if the item is at a message.
func (i *item) takes(name span, f faults.Fault) error {
	if i.point.Zero() {
		return nil
	}
	at, err := faults.PointOf(f, i.point)
	if err == nil && at != i.point {
		err = fmt.Errorf("%s is injected at %s, not at %s", f.Kind(), at, i.point)
	}
	if err != nil {
		return name.wrong("%v", err)
	}
	return nil
}

// cutTimes divides what follows a name into arguments and the parts that begin with @, +
// and /. A slash begins such a part only if a time could follow, or if there is no value
// that it could belong to.
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
		signs := "@+/"
		if isPoint(rest) {
			signs = "@+" // a message contains slashes
		}
		next := strings.IndexAny(rest.String()[1:], signs)
		if next < 0 {
			return args, append(times, rest)
		}
		var one span
		one, rest = rest.cut(next + 1)
		times = append(times, one)
	}
	return args, times
}

// isPoint reports whether the text after @ is a message and not a time.
func isPoint(s span) bool {
	text := s.String()
	return strings.HasPrefix(text, "@client") || len(text) > 1 && text[0] == '@' && unicode.IsLetter(rune(text[1])) && strings.ContainsAny(text, "/#")
}

// The shortest and the longest time.
const (
	shortestPeriod = 100 * time.Millisecond
	longest        = 7 * 24 * time.Hour
)

// times reads the parts that begin with @, + and /, in this order and at most one of each.
func (i *item) times(parts []span) error {
	const order = "@+/"
	before := -1
	for _, part := range parts {
		sign := strings.IndexByte(order, part.String()[0])
		switch {
		case sign == before:
			return part.wrong("%q appears twice", order[sign:sign+1])
		case sign < before:
			return part.wrong("%q must come before %q; write @10s+5s/30s", order[sign:sign+1], order[before:before+1])
		}
		before = sign
		if isPoint(part) {
			p, err := link.ParsePoint(part.String()[1:])
			if err != nil {
				return part.skip(1).wrong("%v", err)
			}
			i.point, i.fixed = p, true
			continue
		}
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
				return part.wrong("a fault must last longer than 0s")
			}
		case '/':
			i.period = d
			if !i.fixed {
				i.at, i.fixed = d, true
			}
			if d < shortestPeriod {
				return part.wrong("a fault can come again every %s at the earliest", short(shortestPeriod))
			}
			if i.turn.For > d {
				return part.wrong("it lasts %s, which is longer than the %s after which it comes again", short(i.turn.For), short(d))
			}
		}
	}
	return nil
}

// duration reads the time after a sign or a colon.
func duration(s span) (time.Duration, error) {
	text := s.skip(1)
	d, err := time.ParseDuration(text.String())
	switch {
	case text.String() == "":
		return 0, s.wrong("a time is missing after %q", s)
	case strings.HasPrefix(text.String(), "-"):
		return 0, text.wrong("a time must not be negative")
	case err != nil:
		return 0, text.wrong("%q is not a time; write 10s, 500ms or 2m", text)
	case d > longest:
		return 0, text.wrong("%s is longer than a week", text)
	}
	return d, nil
}

// number reads a whole number from 1.
func number(s span, most int) (int, error) {
	n, err := strconv.Atoi(s.String())
	if err != nil || n < 1 || n > most {
		return 0, s.wrong("%q is not a number from 1 to %d", s, most)
	}
	return n, nil
}

// arguments returns the spans between colons.
func (s span) arguments() []span {
	if s.String() == "" {
		return nil
	}
	return s.skip(1).split(':')
}

// plain reads an item that takes no argument except a weight.
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
			return arg.wrong("%s takes one time: leave out %q", name, arg)
		}
		arg.from-- // the colon
		if i.turn.For, err = duration(arg); err != nil {
			return err
		}
		if i.turn.For == 0 {
			return arg.skip(1).wrong("quiet must last longer than 0s")
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
		return true, arg.wrong("%s appears twice", weightKey)
	}
	var err error
	i.turn.Weight, err = number(arg.skip(len(weightKey)+1), 100)
	return true, err
}

// fault reads a fault with its arguments.
func (i *item) fault(name, args span) error {
	k, ok := faults.Named(name.String())
	if !ok {
		known := append(names(), allName, quietName)
		return name.wrong("unknown fault %q%sknown are %s", name, nearest.DidYouMean(name.String(), known), strings.Join(known, ", "))
	}
	a := arguments{kind: k, options: map[string]string{}}
	for _, arg := range args.arguments() {
		weight, err := i.weight(arg)
		if err == nil && !weight {
			err = a.take(arg)
		}
		if err != nil {
			return err
		}
	}
	i.turn.Faults = []faults.Fault{k.New(a.word, a.options)}
	return nil
}

func names() []string {
	var out []string
	for _, k := range faults.Kinds() {
		out = append(out, k.Name)
	}
	return out
}

// arguments are the arguments of one fault that were read so far.
type arguments struct {
	kind    faults.Kind
	word    string // "" where it was left out
	options map[string]string
}

// take reads one argument.
func (a *arguments) take(arg span) error {
	if text := arg.String(); text == "" {
		return arg.wrong("an argument is missing after the colon; %s", a.takes())
	}
	key, value, isOption := strings.Cut(arg.String(), "=")
	if isOption {
		return a.option(arg, key, value)
	}
	if a.kind.Takes(key) != nil {
		return arg.wrong("%s has no %q%s%s", a.kind.Name, brief(key), nearest.DidYouMean(key, append(a.keys(), a.kind.Words...)), a.takes())
	}
	if a.word != "" {
		return arg.wrong("%s takes one word, but has %q and %q", a.kind.Name, a.word, arg)
	}
	a.word = key
	return nil
}

func (a *arguments) option(arg span, key, value string) error {
	n := slices.IndexFunc(a.kind.Options, func(o faults.Option) bool { return o.Key == key })
	if n < 0 {
		return arg.wrong("%s has no %q%s%s", a.kind.Name, brief(key), nearest.DidYouMean(key, a.keys()), a.takes())
	}
	o := a.kind.Options[n]
	if _, twice := a.options[key]; twice {
		return arg.wrong("%q appears twice", key)
	}
	if value == "" {
		return arg.wrong("%s has no value; write %s=%s", key, key, o.Example)
	}
	if err := o.Check(value); err != nil {
		return arg.skip(len(key)+1).wrong("%s=%s: %s", key, brief(value), err)
	}
	a.options[key] = value
	return nil
}

func (a *arguments) keys() []string {
	keys := []string{weightKey}
	for _, o := range a.kind.Options {
		keys = append(keys, o.Key)
	}
	return keys
}

// takes lists the arguments that the kind of fault takes, for people.
func (a *arguments) takes() string {
	all := slices.Clone(a.kind.Words)
	for _, o := range a.kind.Options {
		all = append(all, o.Key+"="+o.Example)
	}
	return "it takes " + strings.Join(append(all, weightKey+"=2"), ", ")
}
