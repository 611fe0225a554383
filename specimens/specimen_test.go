package specimens

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/workloads"
)

// kind is a kind of object that comes with zklab.
type kind struct {
	model    *models.Model
	contract contracts.Listed // nil if the servers themselves are under test
	subjects []Specimen
}

// kinds returns the kinds of objects of the models.
func kinds() (all []kind) {
	contract := map[string]contracts.Listed{}
	for _, c := range []contracts.Listed{
		contracts.Barriers, contracts.Caches, contracts.Configs, contracts.Counters, contracts.DelayQueues, contracts.Services, contracts.DoubleBarriers,
		contracts.Elections, contracts.JobQueues, contracts.Locks, contracts.MasterWorkers, contracts.Groups, contracts.MultiLocks, contracts.Partitioners,
		contracts.PriorityQueues, contracts.Queues, contracts.RWLocks, contracts.Semaphores, contracts.Transactions,
	} {
		contract[c.Name()] = c
	}
	for _, m := range models.All() {
		all = append(all, kind{m, contract[m.Name], Subjects(m.Name)})
	}
	return all
}

// Each kind of object that zklab tests has all its parts, and each part belongs to such a
// kind.
func TestParts(t *testing.T) {
	var names []string
	for _, m := range models.All() {
		names = append(names, m.Name)
	}
	for what, named := range map[string][]string{
		"list of subjects (builtIn, specimens)":              Recipes(),
		"list of properties (models, checker/models.go)":     checker.Models(),
		"list of checks (suites, subjects/adapter/suite.go)": append(adapter.ConformRecipes(), storesIn(models.All())...),
	} {
		for _, name := range names {
			if !slices.Contains(named, name) {
				t.Errorf("%s has no %s", name, what)
			}
		}
		for _, name := range named {
			if !slices.Contains(names, name) {
				t.Errorf("%s has a %s, and no model (all, history/models/models.go)", name, what)
			}
		}
	}
	for _, p := range kinds() {
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
func (p kind) called(t *testing.T) {
	if (p.contract == nil) != p.model.Store {
		t.Errorf("it has a contract: %v (kinds)", p.contract != nil)
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
func (p kind) tried(t *testing.T) {
	checks, err := checker.For(p.model.Name, checker.Options{})
	if err != nil {
		return
	}
	for i, s := range p.subjects {
		if s.Workload.Name() != p.model.Name {
			t.Errorf("the subject %s is under the load of a %s", s.Name, s.Workload.Name())
		}
		if (s.Name == workloads.Own) != (i == 0) || s.isBroken() != (s.Property != "") {
			t.Errorf("subject %d is called %s, and violates %q", i, s.Name, s.Property)
		}
		if p.contract != nil && !workloads.InProcesses(s.Workload) {
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
func (s Specimen) violates() []string {
	if s.Property == "" {
		return nil
	}
	return append([]string{s.Property}, s.Besides...)
}

// described checks that a page of docs/recipes describes each kind that has recipes.
func (p kind) described(t *testing.T) {
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
	for _, p := range kinds() {
		for _, s := range p.subjects {
			for _, property := range s.violates() {
				broken[property] = true
			}
		}
	}
	for _, p := range kinds() {
		checks, err := checker.For(p.model.Name, checker.Options{})
		if err != nil {
			t.Error(err)
		}
		for _, c := range checks {
			if !broken[c.Name()] && !slices.Contains(unbroken, c.Name()) {
				t.Errorf("no mutant violates the property %s of a %s (subjects/broken, and a line in specimens)", c.Name(), p.model.Name)
			}
		}
	}
	for _, property := range unbroken {
		if broken[property] {
			t.Errorf("a mutant violates %s, which is listed as a property that none violates", property)
		}
	}
}

// Each name on the command line leads to a workload, and no two names lead to the same
// one.
func TestNamed(t *testing.T) {
	for _, recipe := range Recipes() {
		if (Catalog{}).About(recipe) == "" {
			t.Errorf("nothing is said about %s", recipe)
		}
		if short := (Catalog{}).Short(recipe); short[0] != workloads.Own || short[len(short)-1] != Broken {
			t.Errorf("%s has %v", recipe, short)
		}
		names := map[string]bool{}
		for _, s := range Subjects(recipe) {
			w, err := Named(recipe, s.Name)
			if err != nil || w.Name() != recipe || s.Recipe != recipe || s.About == "" || names[s.Name] {
				t.Errorf("%+v: %v, %v", s, w, err)
			}
			if _, err := plan.Parse(s.Faults, time.Second); err != nil {
				t.Errorf("%s of %s: %v", s.Name, recipe, err)
			}
			names[s.Name] = true
		}
		if w, err := Named(recipe, Broken); err != nil || w.Name() != recipe {
			t.Errorf("%s that is broken: %v, %v", recipe, w, err)
		}
	}
	for _, kind := range corruptproxy.Corruptions() {
		w, err := Named("session", "broken:"+string(kind))
		if s, ok := w.(workloads.Session); err != nil || !ok || s.Proxy == nil {
			t.Errorf("%s: %+v, %v", kind, w, err)
		}
	}
	if (Catalog{}).About("nothing") != "" || Subjects("nothing") != nil || (Catalog{}).Short("nothing") != nil {
		t.Error("something is said about nothing")
	}
}

// An unknown name is reported with the names that exist.
func TestNotNamed(t *testing.T) {
	for _, tt := range []struct{ recipe, subject, want string }{
		{"lok", workloads.Own, `unknown recipe "lok"; did you mean "lock"? known are `},
		{"lock", "nobody", `recipe lock has no subject "nobody"; it has zklab, zklab-do, zklab-acl, zklab-herd, go-zookeeper, broken`},
		{"queue", GoZookeeper, `recipe queue has no subject "go-zookeeper"; it has zklab, zklab-long, zklab-bounded, zklab-bounded-try, broken`},
		{"queue", "Broken", `recipe queue has no subject "Broken"; did you mean "broken"? it has zklab, zklab-long, zklab-bounded, zklab-bounded-try, broken`},
		{"election", "broken:x", `recipe election has no mutant "x"; it has sorts-by-id, never-regains`},
		{"election", "broken:", `recipe election has no mutant ""; it has sorts-by-id, never-regains`},
		{"register", "broken:plain-as-fence", `recipe register has no mutant "plain-as-fence"; did you mean "plain-as-fenced"? it has cas-without-version, `},
	} {
		if w, err := Named(tt.recipe, tt.subject); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s of %s: %v, %v, want %s", tt.subject, tt.recipe, w, err, tt.want)
		}
	}
}
