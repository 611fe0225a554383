package linear

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
)

// This file compares the value of a completion with that of its invocation, for operations that are called with a
// value. Jepsen takes the completion's value for every operation: a client may learn only then what it wrote.

// takes reports whether an operation is called with a value of the object.
func takes(o *op) bool {
	switch o.code {
	case write, cas, extend, enqueue, add, remove:
		return true
	}
	return false
}

// finds reports whether an operation answers with what it found.
func finds(o *op) bool {
	switch o.code {
	case read, readAll, dequeue, drain, generate:
		return true
	}
	return false
}

// says looks at an invocation without a value: is it perhaps in a field that was not read, or is it none, because the
// user called the operation by the wrong name?
func (l *loader) says(e *foreign.Event, o *op, name string, v foreign.Value) error {
	kind := l.h.Model.kind
	if v.Kind != foreign.Nil || l.reader.Model() != "" || e.F == "delete" {
		return nil
	}
	counts := kind.counts && o.code == add
	if e.Unread != "" && (takes(o) && (!counts || e.F == "add") || kind.several) {
		return fmt.Errorf("%s has no value, but %s: if that is the value, say --field %s=value; if not, --field %s=ignore", e.F, e.Unread, last(e.Unread), last(e.Unread))
	}
	if to, renamed := l.opts.Rename[name]; renamed && takes(o) && !counts && !slices.ContainsFunc(l.h.blanks, func(b string) bool { return strings.HasPrefix(b, name+",") }) {
		l.h.blanks = append(l.h.blanks, fmt.Sprintf("%s, which counts as %s (--rename), is called without a value in line %d: is it one?", name, to, e.Line))
	}
	return nil
}

// silence keeps in mind that an invocation does not say what its operation needs, which its completion may say. In
// zklab's own histories that is an error.
func (l *loader) silence(o *op, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if l.reader.Model() != "" {
		return err
	}
	l.silent[o.inv] = err
	return nil
}

// last returns the name of a field without the object around it.
func last(name string) string {
	return strings.TrimPrefix(name[strings.LastIndexByte(name, '.')+1:], ":")
}

// succeed reads the value of a completion with ok.
func (l *loader) succeed(e *foreign.Event, p *pending, o *op, v foreign.Value) error {
	kind := l.h.Model.kind
	own := l.reader.Model() != ""
	switch {
	case own:
	case v.Kind == foreign.Nil && e.Unread != "" && (finds(o) || kind.fenced && o.code == acquire):
		return bad(e, "%s has no answer, but %s: if that is the answer, say --field %s=output; if not, --field %s=ignore", e.F, e.Unread, last(e.Unread), last(e.Unread))
	case finds(o) || o.code == transfer:
	case e.Absent, v.Kind == foreign.Bool && v.Int == 0 && p.value.Kind != foreign.Bool && (o.code == cas || o.code == acquire || e.F == "delete"):
		l.h.Failed++ // it found another value or none, or was refused
		o.code, o.ret = dropped, never
		return nil
	case e.F == "delete" && (v.Kind != foreign.Bool || v.Int == 0), !takes(o) && !(kind.several && v.Kind == foreign.Int) && !(kind.fenced && o.code == acquire):
		if v.Kind == foreign.Bool && v.Int == 0 {
			return l.contradicts(e, p, v)
		}
		if err := l.passOver(v); err != nil {
			return bad(e, "%v", err)
		}
	case kind.counts:
		if err := l.added(e, p, o, v); err != nil {
			return err
		}
		if v.Kind == foreign.Bool && v.Int == 1 { // it succeeded
			v = foreign.Value{}
		}
	case e.F == "delete":
	case !takes(o): // permits, or a token
		if kind.several && v.Int != int64(o.a) {
			return l.contradicts(e, p, v)
		}
	default:
		if err := l.told(e, p, o, v); err != nil {
			return err
		}
	}
	l.h.OK++
	if err := kind.load(l, o, e, v); err != nil {
		return bad(e, "%v", err)
	}
	return nil
}

// told gives an operation the value of its completion, if that counts.
func (l *loader) told(e *foreign.Event, p *pending, o *op, v foreign.Value) error {
	jepsens := l.h.Format == foreign.EDN || l.h.Format == foreign.JepsenText || l.h.Format == foreign.JepsenLog
	blank := p.value.Kind == foreign.Nil
	switch {
	case v.Kind == foreign.Nil || v.Equal(p.value):
		if err := l.silent[o.inv]; err != nil {
			return bad(e, "%v", err)
		}
		return nil
	case v.Kind == foreign.Bool && v.Int == 1 && !blank:
		return nil // it succeeded
	case e.Answer && p.bare:
		return bad(e, "%s has an answer, %s, but no value: expected it in a field value, or in the input", e.F, v)
	case e.Answer && v.Kind != foreign.Bool:
		return l.passOver(v)
	case v.Kind == foreign.Bool && !blank, !blank && !jepsens, !blank && o.code == cas:
		return l.contradicts(e, p, v)
	}
	asked := *e
	asked.Type = history.Invoke
	if err := l.h.Model.kind.load(l, o, &asked, v); err != nil {
		return bad(e, "%v", err)
	}
	delete(l.silent, o.inv)
	l.changed = true
	l.h.told++
	return nil
}

// added looks at the completion of an addition to a counter, whose value may be the new value of the counter, or what
// was added.
func (l *loader) added(e *foreign.Event, p *pending, o *op, v foreign.Value) error {
	switch {
	case o.code != add || v.Kind == foreign.Nil || v.Kind == foreign.Bool && v.Int == 1 || e.F == "add" && v.Equal(p.value):
		return nil
	case e.F == "add-and-get" || e.F != "add" && (e.Answer || !v.Equal(p.value)):
		l.answers = true
		return nil
	case e.F != "add":
		return l.repeated(e, p, o)
	case p.value.Kind == foreign.Nil && l.h.Format != foreign.JSONL && l.h.Format != foreign.CSV && !e.Answer:
		return l.told(e, p, o, v)
	case v.Kind == foreign.Text:
		return l.passOver(v)
	}
	return bad(e, "the value of add is %s, but in the invocation in %s it is %s: if this is the new value of the counter, say --rename add=add-and-get; if it was added, write it in the invocation", v, p.where(), p.value)
}

// repeated looks at increments whose completions repeat what they were called with. If they are answers, no two of one
// counter can be right, unless others differ.
func (l *loader) repeated(e *foreign.Event, p *pending, o *op) error {
	if l.answers {
		return nil
	}
	first, again := l.repeats[o.key]
	if !again {
		l.repeats[o.key] = e.Line
		return nil
	}
	way := fmt.Sprintf("if this is what was added, say --rename %s=add; if it is the new value of the counter, say --rename %s=add-and-get", e.F, e.F)
	if strings.HasPrefix(e.F, "dec") {
		way = "if this is what was taken away, leave it out of the completions"
	}
	return bad(e, "the value of %s is %s, as in the invocation in %s, and so it was in line %d: %s", e.F, p.value, p.where(), first, way)
}

func (l *loader) contradicts(e *foreign.Event, p *pending, v foreign.Value) error {
	return bad(e, "the value of %s is %s, but in the invocation in %s it is %s: which of them it was called with cannot be told", e.F, v, p.where(), p.value)
}

// passOver notes a value that is not read, with its parts.
func (l *loader) passOver(v foreign.Value, read ...string) error {
	if l.reader.Model() != "" {
		return nil
	}
	if v.Kind != foreign.Map {
		return l.reader.PassOver(l.now, "", v)
	}
	for i := 0; i+1 < len(v.Items); i += 2 {
		name := strings.TrimPrefix(v.Items[i].Text, ":")
		if slices.Contains(read, name) {
			continue
		}
		if err := l.reader.PassOver(l.now, name, v.Items[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// unsaid looks for operations of unknown outcome of which it is not known what they were called with.
func (l *loader) unsaid() error {
	l.h.untold = make([]bool, len(l.h.keys))
	for i := range l.ops {
		o := &l.ops[i]
		if !o.unknown() || !takes(o) {
			continue
		}
		if why := l.silent[o.inv]; why != nil {
			if !l.changed {
				err := &foreign.LineError{Line: int(l.h.lines[o.inv]), Reason: why.Error()}
				if l.h.byEvent {
					err.Event = int(l.h.indices[o.inv]) + 1
				}
				return err
			}
			o.code = dropped
		}
		if l.changed {
			l.h.untold[o.key] = true
		}
	}
	return nil
}
