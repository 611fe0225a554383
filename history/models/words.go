package models

import (
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// Words describe an operation: what was asked for, and its outcome. {key} stands for the key.
type Words struct {
	Name    string // in a drawing: put a7
	Asked   string // asked for {key}
	Done    string // was granted it
	Refused string // was refused
	Early   bool   // the call matters, not the end; false for a grant
}

// mostShown limits how much of a key or an item is shown, in characters.
const mostShown = 40

// Tell returns the words for an operation, with values filled in and fit for a terminal, and its
// values. ok is false if there are no words.
func (m *Model) Tell(op *history.Operation) (w Words, v Values, ok bool) {
	o := m.Operation(op.F)
	w = o.Words
	if w.Refused == "" {
		return Words{}, v, false
	}
	w.Asked = strings.Replace(w.Asked, "{key}", Key(op.Key), 1)
	if o.Tell != nil {
		v = o.Tell(op, &w)
	}
	return w, v, true
}

// Key returns the name of an object for people.
func Key(key string) string {
	if key == "" {
		return "it"
	}
	return printable.Text(key, mostShown)
}

// Quoted returns an item for people.
func Quoted(item string) string { return `"` + shown(item) + `"` }

func shown(item string) string { return printable.Text(item, mostShown) }

func withToken(t history.ID) string {
	if t == 0 {
		return ""
	}
	return " with token " + t.String()
}

// InSession names a session for people. It returns "" if the session is not known.
func InSession(id history.ID) string {
	if id == 0 {
		return ""
	}
	return " (session " + id.String() + ")"
}

// returned reads the value of an ok into v.
func returned(op *history.Operation, v any) (ok bool) {
	return op.Outcome() == history.OK && op.Return.Decode(v) == nil
}
