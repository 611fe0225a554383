package models_test

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// The picture of an object in a timeline needs operations that begin and end it.
func TestDeclarationsAreWhole(t *testing.T) {
	for _, m := range models.All() {
		has := func(trait func(models.Operation) bool) bool { return slices.ContainsFunc(m.Operations, trait) }
		begins := has(func(o models.Operation) bool { return o.Begins })
		ends := has(func(o models.Operation) bool { return o.Ends })
		puts := has(func(o models.Operation) bool { return o.Puts })
		takes := has(func(o models.Operation) bool { return o.Takes })
		stays := m.Held() || m.State == models.Entered || m.State == models.Raised
		if m.State == models.Filled { // an item may be with a client
			stays = begins
		}
		if begins != stays || ends != stays || (m.Stay != "") != stays {
			t.Errorf("%s: state %d, stay %q; begins %v, ends %v", m.Name, m.State, m.Stay, begins, ends)
		}
		if filled := m.State == models.Filled; puts != filled || takes != filled {
			t.Errorf("%s: state %d; puts %v, takes %v", m.Name, m.State, puts, takes)
		}
		if m.About == "" || models.Named(m.Name) != m {
			t.Errorf("%s: about %q, or it is not found by its name", m.Name, m.About)
		}
		if !has(func(o models.Operation) bool { return o.Quorum != nil }) && m.Others == nil {
			t.Errorf("%s: no operation proves that the ensemble serves writes", m.Name)
		}
	}
}

// Each operation that has a key is described in words: which client did what to which key, and
// with what result.
func TestEveryOperationIsTold(t *testing.T) {
	for _, m := range models.All() {
		if m.Keyless {
			continue
		}
		for _, o := range m.Operations {
			invoke := &history.Event{F: o.F, Key: "k\x1b1"}
			for _, end := range []*history.Event{nil, {Type: history.OK}, {Type: history.Fail}, {Type: history.Info}} {
				w, _, ok := m.Tell(&history.Operation{F: o.F, Key: invoke.Key, Invoke: invoke, Return: end})
				if !ok || w.Name == "" || w.Refused == "" || !slices.Contains([]rune(w.Asked), '\\') || slices.Contains([]rune(w.Asked), '\x1b') {
					t.Errorf("%s %s: %+v", m.Name, o.F, w)
				}
			}
		}
	}
}

// An operation has the traits that its own model gives it. Those of a model that is not declared
// have neither traits nor words: only the program that declares the model knows them. A history
// that names no model is read according to the names of its operations.
func TestTraitsAreOfTheModel(t *testing.T) {
	for _, tt := range []struct {
		model, f     string
		local, knows bool
	}{
		{"lock", models.FWrite, true, true},
		{"register", models.FWrite, false, true},
		{"queue", models.FAcquire, false, false},
		{"session", "a burst to come", false, true},
		{"unheard-of", models.FWrite, false, true},
		{"unheard-of", "add", false, true},
		{"", models.FEnqueue, false, true},
		{"", models.FWrite, true, true},
	} {
		m := models.Named(tt.model)
		if o := m.Operation(tt.f); o.Local != tt.local || m.Knows(tt.f) != tt.knows {
			t.Errorf("%s %s: local %v, known %v", tt.model, tt.f, o.Local, m.Knows(tt.f))
		}
	}
	op := &history.Operation{F: models.FAcquire, Invoke: &history.Event{}}
	for model, want := range map[string]bool{"lock": true, "": true, "queue": false, "unheard-of": false} {
		if _, _, ok := models.Named(model).Tell(op); ok != want {
			t.Errorf("acquire of model %q is told: %v", model, ok)
		}
	}
}
