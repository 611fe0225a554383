package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Lines of a trace about a connection, other than replies.
const (
	seesEvent    = "sees event"
	disconnected = "is disconnected"
	noReply      = "gets no reply"
	connected    = "has"
	lowerZxid    = "gets a lower zxid than with the reply before"
)

// difference describes the first difference between what clients should have seen and what they saw; "" if there is
// none. Later differences in a script are mostly consequences of the first.
func difference(want, got Trace) string {
	i := 0
	for i < len(want) && i < len(got) && want[i].String() == got[i].String() {
		i++
	}
	if i == len(want) && i == len(got) {
		return ""
	}
	p := pair{at(want, i), at(got, i), rest(want, i), rest(got, i), false}
	p.again = i > 0 && p.got.event() && got[i-1].String() == p.got.String()
	return usualParts.Replace(want.step(i)) + ": " + p.String()
}

// usualParts lists the parts of requests that texts leave out.
var usualParts = strings.NewReplacer(" acl=[world:anyone:rwcda]", "", " mode=0", "", " v-1", "")

// step returns the step, or the request in it, that the line at i belongs to.
func (t Trace) step(i int) string {
	if i < len(t) && t[i].asked != "" {
		return t[i].who + ", " + t[i].asked
	}
	for i = min(i, len(t)-1); i >= 0; i-- {
		if _, step, ok := strings.Cut(t[i].step, " "); ok {
			return step
		}
	}
	return "before the first step"
}

// at returns the line at i, or an empty line after the end and at the next step.
func at(t Trace, i int) line {
	if i < len(t) && t[i].step == "" {
		return t[i]
	}
	return line{}
}

// rest returns the lines after the one at i, up to the next step.
func rest(t Trace, i int) (lines []string) {
	for i++; i < len(t) && t[i].step == ""; i++ {
		lines = append(lines, t[i].String())
	}
	return lines
}

// pair holds what a client should see and what it sees instead, each with the lines that follow. One of the
// two can be empty.
type pair struct {
	want, got           line
	wantRest, gotBehind []string
	again               bool // got is an event like the line before it
}

func (p pair) String() string {
	w, g := p.want, p.got
	late, early := slices.Contains(p.gotBehind, w.String()), slices.Contains(p.wantRest, g.String())
	switch {
	case p.again && !early:
		return fmt.Sprintf("reports %s to %s twice", g.change(), g.who)
	case w.event() && g.event() && late && early:
		return fmt.Sprintf("reports %s to %s before %s, which happened first", g.change(), g.who, w.change())
	case w.event() && late:
		return fmt.Sprintf("reports %s to %s too late", w.change(), w.who)
	case w.event() && (early || !g.event()):
		return fmt.Sprintf("does not report %s to %s", w.change(), w.who)
	case g.event() && early:
		return fmt.Sprintf("reports %s to %s too early", g.change(), g.who)
	case g.event() && !w.event():
		return fmt.Sprintf("reports %s to %s, which no watch of it asks for", g.change(), g.who)
	case w.who == g.who && w.what == g.what:
		return fieldDifference(w, g)
	case g.what == disconnected && w.what != "":
		return fmt.Sprintf("closes the connection of %s, who %s from a right server", g.who, w.saw())
	case g.what == noReply:
		return "never answers"
	case w.what == "":
		return fmt.Sprintf("%s %s, and nothing from a right server", g.who, g.saw())
	case g.what == "":
		return fmt.Sprintf("%s should see that: %s %s", w.who, w.who, w.saw())
	}
	return fmt.Sprintf("%s %s, where a right server has it that %s %s", g.who, g.saw(), w.who, w.saw())
}

func (l line) event() bool { return l.what == seesEvent }

// saw describes a line in a few words.
func (l line) saw() string {
	switch {
	case l.event():
		return "is told of " + l.change()
	case l.what == connected:
		return "gets a session"
	case strings.HasPrefix(l.what, "gets ") && l.asked != "":
		return fmt.Sprintf("gets the answer %q to %s", l.valueOf("code"), strings.TrimPrefix(l.what, "gets "))
	}
	return l.what
}

// change identifies the change that an event reports.
func (l line) change() string { return shown(l.fields[0]) + " of " + l.valueOf("path") }

func (l line) valueOf(name string) string {
	for _, f := range l.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// fieldDifference describes the first field that differs. A difference in the error code comes first, since
// the other fields follow from the code.
func fieldDifference(want, got line) string {
	verb := "answers"
	if got.event() {
		verb = "reports to " + got.who
	}
	if w, g := want.valueOf("code"), got.valueOf("code"); w != g {
		return fmt.Sprintf("%s %q where %q is right", verb, g, w)
	}
	for i, w := range want.fields {
		if i == len(got.fields) {
			return fmt.Sprintf("%s nothing where %s is right", verb, named(w))
		}
		switch g := got.fields[i]; {
		case g.name != w.name:
			return fmt.Sprintf("%s %s where %s is right", verb, named(g), named(w))
		case g.value != w.value:
			return fmt.Sprintf("%s %s where %s is right", verb, named(g), shown(w))
		}
	}
	return fmt.Sprintf("%s %s where nothing more is right", verb, named(got.fields[len(want.fields)]))
}

func named(f field) string {
	if rest, ok := strings.CutPrefix(shown(f), "that "); ok {
		return "the " + f.name + " " + rest
	}
	return strings.TrimSpace(f.name + " " + shown(f))
}

// shown returns the value of a field for people.
func shown(f field) string {
	if f.value == "" {
		return "nothing"
	}
	if f.name == "kind" {
		n, _ := strconv.Atoi(f.value)
		return wire.EventType(n).String()
	}
	number, ok := strings.CutPrefix(f.value, "z#")
	switch before, other := strings.CutSuffix(number, "+"); {
	case !ok && strings.Contains(f.name, "zxid"):
		return strings.TrimPrefix(f.value, "z")
	case !ok:
		return f.value
	case other:
		return "that of no write of the script, but later than write " + before
	case number == "0":
		return "that of the creation of the script's root"
	}
	return "that of write " + number + " of the script"
}
