package workloads

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects/adapter"
)

// Each kind of object that zklab tests has all its parts, and each part belongs to such a
// kind.
func TestParts(t *testing.T) {
	var kinds []string
	for _, m := range models.All() {
		kinds = append(kinds, m.Name)
	}
	for what, named := range map[string][]string{
		"load (builtIn, workloads/parts.go)":                 Recipes(),
		"list of properties (models, checker/models.go)":     checker.Models(),
		"list of checks (suites, subjects/adapter/suite.go)": append(adapter.ConformRecipes(), storesIn(models.All())...),
	} {
		for _, kind := range kinds {
			if !slices.Contains(named, kind) {
				t.Errorf("%s has no %s", kind, what)
			}
		}
		for _, name := range named {
			if !slices.Contains(kinds, name) {
				t.Errorf("%s has a %s, and no model (all, history/models/models.go)", name, what)
			}
		}
	}
	for _, p := range builtIn {
		t.Run(p.model.Name, func(t *testing.T) {
			p.called(t)
			p.tried(t)
			p.described(t)
		})
	}
}

// storesIn lists the models whose subjects are servers, which no adapter can serve.
func storesIn(all []*models.Model) (names []string) {
	for _, m := range all {
		if m.Store {
			names = append(names, m.Name)
		}
	}
	return names
}

// called checks that the contract has the operations of the model, and that a client's process can
// serve the subjects by them.
func (p parts) called(t *testing.T) {
	if (p.contract == nil) != p.model.Store {
		t.Errorf("it has a contract: %v (contract, workloads/parts.go)", p.contract != nil)
	}
	if p.contract == nil {
		return
	}
	if p.contract.Name() != p.model.Name {
		t.Errorf("its contract is that of a %s", p.contract.Name())
	}
	operations, offers := p.contract.Operations(), p.contract.Offers()
	for _, o := range operations {
		if !p.model.Knows(o) {
			t.Errorf("the operation %s is in the contract, and not in the model", o)
		}
	}
	for what, names := range map[string][]string{"operation": operations, "offer": offers} {
		slices.Sort(names)
		if len(slices.Compact(names)) != len(names) {
			t.Errorf("an %s is twice in the contract: %q", what, names)
		}
	}
}

// tried checks that the right subject comes first, and that mutants violate properties
// that the kind has.
func (p parts) tried(t *testing.T) {
	checks, err := checker.For(p.model.Name, checker.Options{})
	if err != nil {
		return
	}
	for i, s := range p.subjects {
		if s.Workload.Name() != p.model.Name {
			t.Errorf("the subject %s is under the load of a %s", s.Name, s.Workload.Name())
		}
		if (s.Name == Own) != (i == 0) || s.isBroken() != (s.Property != "") {
			t.Errorf("subject %d is called %s, and violates %q", i, s.Name, s.Property)
		}
		if p.contract != nil && !InProcesses(s.Workload) {
			t.Errorf("no client's process can serve the subject %s: its load has no method Maker", s.Name)
		}
		for _, property := range s.violates() {
			if !slices.ContainsFunc(checks, func(c checker.Check) bool { return c.Name() == property }) {
				t.Errorf("the mutant %s violates %s, which is no property of a %s", s.Name, property, p.model.Name)
			}
		}
	}
}

// violates lists the properties that a mutant violates.
func (s Subject) violates() []string {
	if s.Property == "" {
		return nil
	}
	return append([]string{s.Property}, s.Besides...)
}

// described checks that a page of docs/recipes describes each kind that has recipes.
func (p parts) described(t *testing.T) {
	if p.model.Store {
		return
	}
	page := filepath.Join("..", "docs", "recipes", cmp.Or(p.model.Page, p.model.Name)+".md")
	if _, err := os.Stat(page); err != nil {
		t.Errorf("no page describes it: %v", err)
	}
}

// unbroken are the properties that no mutant violates: only tests of checks have seen them
// violated.
var unbroken = []string{"belief", "class-order", "expiry", "gone", "real", "recovers", "returns", "same-due", "server-agreement", "states", "who-leads"}

// For each other property, there is a mutant of a kind that has the property.
func TestEachPropertyHasAMutant(t *testing.T) {
	broken := map[string]bool{}
	for _, p := range builtIn {
		for _, s := range p.subjects {
			for _, property := range s.violates() {
				broken[property] = true
			}
		}
	}
	for _, p := range builtIn {
		checks, err := checker.For(p.model.Name, checker.Options{})
		if err != nil {
			t.Error(err)
		}
		for _, c := range checks {
			if !broken[c.Name()] && !slices.Contains(unbroken, c.Name()) {
				t.Errorf("no mutant violates the property %s of a %s (subjects/broken, and a line in its parts)", c.Name(), p.model.Name)
			}
		}
	}
	for _, property := range unbroken {
		if broken[property] {
			t.Errorf("a mutant violates %s, which is listed as a property that none violates", property)
		}
	}
}
