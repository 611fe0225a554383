package foreign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/advice"
)

// passed knows the fields that the reader passes over. A field whose value is the same on all lines decides nothing.
type passed struct {
	fields map[string]*unread
	order  []*unread
	lines  int      // with events of clients
	oks    int      // those that ended with ok
	around []string // fields of an object around the list of events
	sayer  string   // the first field that says ok
	unsaid int      // the first line that counts as ok although no such field says so; 0 if there is none
}

// saysOK keeps in mind whether a field of an operation with ok says so.
func (p *passed) saysOK(x *line) {
	for _, m := range []meaning{kindField, doneField, statusField} {
		if f := x.get(m, onLine|inOutput); f != nil && f.v.Kind != Nil && !f.is("kind") && !f.is("action") {
			p.sayer = cmp.Or(p.sayer, x.label(f))
			return
		}
	}
	p.unsaid = cmp.Or(p.unsaid, x.number)
}

// unread is a field that the reader passes over.
type unread struct {
	name          string
	part          bool // of a value, and not a field of every line
	outcome       bool // it looks like an outcome; only lines with ok count
	lines         int  // with it
	first, other  Value
	line, another int // their lines; another is 0 if no other value was met
}

// mostUnread is how many fields are named.
const mostUnread = 100

func (p *passed) of(name string) *unread {
	u, has := p.fields[name]
	if !has {
		u = &unread{name: name}
		if p.fields == nil {
			p.fields = map[string]*unread{}
		}
		if len(p.fields) < mostUnread {
			p.fields[name] = u
			p.order = append(p.order, u)
		}
	}
	return u
}

// meet compares a value with the first one.
func (u *unread) meet(v Value, line int) {
	switch u.lines++; {
	case u.line == 0:
		u.first, u.line = v, line
	case u.another == 0 && !u.first.Equal(v):
		u.other, u.another = v, line
	}
}

// odd returns an error about a field that looks like an outcome, and is not the same on all lines with ok.
func (u *unread) odd() error {
	line, v, other := u.another, u.other, fmt.Sprintf("in line %d it is %s", u.line, u.first)
	if line == 0 {
		line, v, other = u.line, u.first, "other lines with ok have none"
	}
	return wrong(line, "%s is %s, but %s: if it says how an operation ended, write that as type, ok, fail or info; if not, say --field %s=ignore", u.name, v, other, bareName(u.name))
}

// bareName returns the name of a field without the object around it.
func bareName(label string) string {
	return strings.TrimPrefix(label[strings.LastIndexByte(label, '.')+1:], ":")
}

// atEnd returns an error about a field that looks like an outcome, and that only some lines with ok have.
func (p *passed) atEnd() error {
	for _, u := range p.order {
		if u.outcome && u.lines < p.oks {
			return u.odd()
		}
	}
	return nil
}

// passable are the meanings of fields that may have been passed over.
const passable = 1<<noMeaning | 1<<likeOutcome | 1<<likeAnswer | 1<<likeKey | 1<<startField | 1<<endField | 1<<idField | 1<<fromField | 1<<toField | 1<<dataField | 1<<statusField | 1<<foundField

// passOver keeps in mind which fields of a client's line were not read. If one looks as if it decided something, it
// is an error: a key or an outcome as soon as it differs from the one on an earlier line, an answer if there is no
// other. Event.Unread has the name of one that may hold what the line does not say.
func (t *told) passOver(e *Event, record bool) error {
	t.passed.lines++
	x, done := &t.line, e
	if record {
		done = &t.end
	}
	if done.Type == history.OK {
		t.passed.oks++
	}
	if x.has&passable == 0 && x.twice == 0 {
		return nil
	}
	for i := range x.fields {
		f := &x.fields[i]
		if f.meaning == foundField && truth(f.v) && done.Bare { // but what was found is not there
			done.Unread = x.label(f)
		}
		m, passes := x.passes(f, e, record)
		if !passes {
			continue
		}
		switch {
		case m == likeAnswer && done.Type != history.Invoke && done.Value.Kind == Nil && f.v.Kind != Nil:
			done.Unread = x.label(f)
		case m == noMeaning && f.v.Kind != Nil:
			if e.Bare && e.Unread == "" {
				e.Unread = x.label(f)
			}
			if done.Bare && done.Unread == "" {
				done.Unread = x.label(f)
			}
		}
		if m == likeOutcome && done.Type == history.OK && !f.v.isZero() { // false, 0 and nothing say nothing
			u := t.passed.of(x.label(f) + " of ok")
			u.name, u.outcome = x.label(f), true
			if u.meet(f.v, x.number); u.another > 0 {
				return u.odd()
			}
			continue
		}
		if f.unread == nil {
			f.unread = t.passed.of(x.label(f))
		}
		if f.unread.meet(f.v, x.number); m == likeKey && f.unread.another > 0 {
			return wrong(x.number, "%s is %s, but in line %d it is %s: if it names the object, say --field %s=key; if not, --field %s=ignore", x.label(f), f.v, f.unread.line, f.unread.first, f.name, f.name)
		}
	}
	return nil
}

// passes reports whether a field is passed over, and what it looks like.
func (x *line) passes(f *field, e *Event, record bool) (meaning, bool) {
	switch f.meaning {
	case noMeaning, likeOutcome, likeAnswer:
		return f.meaning, true
	case likeKey:
		if e.Key.Kind != Nil {
			return noMeaning, true
		}
		return likeKey, true
	case processField, kindField:
		return noMeaning, x.twice&(1<<f.meaning) != 0 && f != x.get(f.meaning, onLine) && f.v.Kind != Nil
	case timeField:
		return noMeaning, f != x.get(timeField, onLine)
	case startField:
		return noMeaning, !record || f != x.get(startField, onLine)
	case endField:
		if f.is("return") && !record {
			return likeAnswer, true
		}
		return noMeaning, !record || f != x.get(endField, onLine)
	case idField:
		k := x.get(kindField, onLine)
		return noMeaning, x.value(processField, onLine).Kind != Nil && !(k != nil && k.is("kind"))
	case fromField:
		return noMeaning, x.has&(1<<toField|1<<valueField) == 0
	case toField:
		return noMeaning, x.has&(1<<fromField) == 0
	case dataField:
		return noMeaning, record
	case statusField:
		_, known := statuses[strings.ToLower(plain(f.v))]
		return likeOutcome, !known
	}
	return noMeaning, false
}

// PassOver is told of a part of an event's value that is not read; name is "" for the whole value. It returns an error
// if the part looks like the key of an object, and differs from that of an earlier event.
func (r *Reader) PassOver(e *Event, name string, v Value) error {
	m, label := noMeaning, "value"
	if name != "" {
		m, label = r.told.line.declared(name, inInput).meaning, "value."+name
	}
	if m == ignored || v.Kind == Nil {
		return nil
	}
	u := r.told.passed.of(label)
	u.part = true
	if u.meet(v, e.Line); m == likeKey && e.Key.Kind == Nil && u.another > 0 {
		return fmt.Errorf("%s is %s, but in line %d it is %s: if it names the object, write it as the field key of the event; if not, say --field %s=ignore", label, v, u.line, u.first, name)
	}
	return nil
}

// LikeKey returns the name of a field of the last line that looks like a key; "" if it has none.
func (r *Reader) LikeKey() string {
	if f := r.told.line.get(likeKey, onLine|inInput); f != nil {
		return r.told.line.label(f)
	}
	return ""
}

// Unread describes the fields that were not read and whose values differ, and an outcome that one operation does not
// say as others do; "" if there are none.
func (r *Reader) Unread() string {
	p, hint := &r.told.passed, ""
	names, values := slices.Clone(p.around), []string{}
	for _, name := range p.around {
		values = append(values, name+" is beside the list of events")
	}
	for _, u := range p.order {
		where := fmt.Sprintf("%s is %s in line %d, ", u.name, u.first, u.line)
		switch {
		case u.outcome:
			continue
		case u.another > 0:
			where += fmt.Sprintf("and %s in line %d", u.other, u.another)
		case !u.part && u.lines < p.lines:
			where += "and not in every line"
		default:
			continue
		}
		names, values = append(names, u.name), append(values, where)
		if hint == "" {
			hint = "; " + advice.FieldMeans.Text(bareName(u.name))
		}
	}
	var sentences []string
	if len(names) > 0 {
		what := "field %s was not read: %s%s"
		if len(names) > 1 {
			what = "fields %s were not read: %s%s"
		}
		sentences = append(sentences, fmt.Sprintf(what, strings.Join(names, ", "), strings.Join(values, "; "), hint))
	}
	if p.sayer != "" && p.unsaid > 0 {
		sentences = append(sentences, fmt.Sprintf("the operation in line %d counts as ok, although its field %s is missing", p.unsaid, p.sayer))
	}
	return strings.Join(sentences, "; ")
}
