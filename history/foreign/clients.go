package foreign

import (
	"cmp"
	"strings"

	"github.com/zklab/zklab/history"
)

// clients numbers the clients of a history whose processes have names.
type clients struct {
	named    []string
	of       map[string]int64
	numbered int // the first line with a number; 0 if there is none
	// The first lines of porcupine's events with a client, and without: 0 if there is none.
	with, without int
}

// alike returns an error if only some of porcupine's events have a client: the Ids of the others may be numbers of
// clients.
func (c *clients) alike(line int, client Value) error {
	first := &c.with
	if client.Kind == Nil {
		first = &c.without
	}
	*first = cmp.Or(*first, line)
	if c.with > 0 && c.without > 0 {
		return wrong(line, "the event in line %d has no ClientId, but that in line %d has one: give all events one, or none", c.without, c.with)
	}
	return nil
}

// number sets the process of an event, and reports whether it is a client's. The nemesis, sessions and the like report
// facts and call nothing. If a client's events were skipped, the rest could look correct.
func (c *clients) number(e *Event, line int, process, kind Value, field string) (bool, error) {
	if n, ok := number([]byte(process.Text)); ok && process.Kind == Text {
		process = Value{Kind: Int, Int: n}
	}
	name, typ := plain(process), strings.ToLower(plain(kind))
	switch process.Kind {
	case Int:
		if c.numbered == 0 {
			c.numbered = line
		}
		switch e.Process = process.Int; {
		case e.Process < 0:
			return false, wrong(line, "%s is %d: expected a number from 0, or a name", field, e.Process)
		case len(c.named) > 0:
			return false, wrong(line, "%s is %d, but before there was one called %s: give all clients numbers, or all of them names", field, e.Process, c.named[0])
		}
		return true, nil
	case Nil:
		return false, wrong(line, "the event has no %s", strings.TrimPrefix(field, "the "))
	case Word, Text:
	default:
		return false, wrong(line, "%s is %s: expected a number or a name", field, process)
	}
	n, known := c.of[name]
	switch {
	case known:
		e.Process = n
		return true, nil
	case strings.EqualFold(name, "nemesis"), typ == string(history.Info):
		return false, nil
	case c.numbered > 0 || typ != string(history.Invoke) || numeric([]byte(name)):
		return false, wrong(line, "%s is %s, and its event is %s: clients must be numbers, or all have names, and begin with an invoke; only events of type info may have another name", field, process, kind)
	}
	if c.of == nil {
		c.of = map[string]int64{}
	}
	e.Process = int64(len(c.named))
	c.of[name] = e.Process
	c.named = append(c.named, name)
	return true, nil
}

// fill sets the fields that every event has, and reports whether it is a client's.
func (t *told) fill(e *Event, line int, process, kind, f Value, n names) (bool, error) {
	if mine, err := t.clients.number(e, line, process, kind, n.process); err != nil || !mine {
		return mine, err
	}
	return true, typed(e, line, kind, f, n)
}

// typed sets the type and the operation of an event.
func typed(e *Event, line int, kind, f Value, n names) error {
	switch text := history.Type(strings.ToLower(plain(kind))); text {
	case history.Invoke, history.OK, history.Fail, history.Info:
		e.Type = text
	case "":
		return wrong(line, "the event has no %s: expected invoke, ok, fail or info", strings.TrimPrefix(n.kind, "the "))
	default:
		return wrong(line, "%s is %s: expected invoke, ok, fail or info", n.kind, kind)
	}
	if e.F = strings.ToLower(plain(f)); e.F == "" && e.Type != history.Info {
		return wrong(line, "the event has no %s, the name of an operation", n.f)
	}
	return nil
}

// plain returns a name without its colon, or "" if v is not a name.
func plain(v Value) string {
	switch {
	case v.Kind == Word && len(v.Text) > 1 && v.Text[0] == ':':
		return v.Text[1:]
	case v.Kind == Word, v.Kind == Text:
		return v.Text
	}
	return ""
}
