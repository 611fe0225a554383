package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/cli/internal/storedruns"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/nils"
	"github.com/zklab/zklab/internal/base/program"
	"github.com/zklab/zklab/workloads"
)

// Recipe is a recipe that zklab does not know. An object.Object is one.
type Recipe interface {
	// Workload returns the workload, which must be a workloads.Declares. Main calls it once.
	Workload() workloads.Workload
}

// Subjects is a [Recipe] with other subjects besides, such as wrong variants that show what a violation
// looks like.
type Subjects struct {
	Recipe // what is tested without --subject; its name is "own"
	// Others can be chosen with --subject.
	Others []Subject
}

// Subject is one of the other subjects of a recipe.
type Subject struct {
	// Name is the value of --subject: one word, such as "broken:careless".
	Name string
	// About describes the subject in a few words.
	About string
	// Recipe declares the same as that of Subjects (name, operations and rules), with another New.
	Recipe Recipe
	// Property is the rule that finds what is wrong with it, and Faults the value of --faults that helps; "":
	// none, or any. "list subjects" shows them.
	Property, Faults string
}

// ownSubject is the name of the first subject of a recipe that the program declares.
const ownSubject = "own"

// declareOwn makes known what Main was given.
func declareOwn(own []Recipe) error {
	if len(own) == 0 {
		return nil
	}
	var all []program.Recipe
	for i, r := range own {
		declared, err := declaredRecipe(r)
		if err != nil {
			return fmt.Errorf("argument %d of cli.Main: %w", i+1, err)
		}
		if slices.ContainsFunc(all, func(other program.Recipe) bool { return other.Name == declared.Name }) {
			return fmt.Errorf("argument %d of cli.Main: another one is called %q, too: give each recipe a name of its own", i+1, declared.Name)
		}
		all = append(all, declared)
	}
	program.Declare(strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"), all)
	return nil
}

func declaredRecipe(r Recipe) (declared program.Recipe, err error) {
	var others []Subject
	if s, ok := r.(Subjects); ok {
		r, others = s.Recipe, s.Others
	}
	w, d, err := declaredWorkload(r)
	if err != nil {
		return declared, err
	}
	declared = program.Recipe{
		Name: w.Name(), Declared: d,
		Subjects: []program.Subject{{Name: ownSubject, About: "the recipe of this program", Workload: w}},
	}
	for _, s := range others {
		switch {
		case len(strings.Fields(s.Name)) != 1 || strings.TrimSpace(s.Name) != s.Name:
			return declared, fmt.Errorf("a subject of recipe %q has the name %q: give it one word", declared.Name, s.Name)
		case slices.ContainsFunc(declared.Subjects, func(other program.Subject) bool { return other.Name == s.Name }):
			return declared, fmt.Errorf("two subjects of recipe %q are called %q", declared.Name, s.Name)
		}
		w, other, err := declaredWorkload(s.Recipe)
		if err != nil {
			return declared, fmt.Errorf("subject %q: %w", s.Name, err)
		}
		if different := difference(d, other); different != "" {
			return declared, fmt.Errorf("subject %q must declare the same objects as recipe %q, but has other %s", s.Name, declared.Name, different)
		}
		if own := storedruns.PropertiesOf(d); s.Property != "" && !slices.Contains(own, s.Property) {
			return declared, fmt.Errorf("subject %q names the property %q: recipe %q has %s", s.Name, s.Property, declared.Name, strings.Join(own, ", "))
		}
		if _, err := plan.Parse(s.Faults, time.Second); err != nil {
			return declared, fmt.Errorf("the faults of subject %q: %w", s.Name, err)
		}
		declared.Subjects = append(declared.Subjects, program.Subject{Name: s.Name, About: s.About, Property: s.Property, Faults: s.Faults, Workload: w})
	}
	return declared, nil
}

// declaredWorkload returns the workload of a recipe and its declaration, both without mistakes.
func declaredWorkload(r Recipe) (workloads.Workload, models.Declared, error) {
	if nils.Is(r) {
		return nil, nil, errors.New("the recipe is nil")
	}
	w := r.Workload()
	if w == nil {
		return nil, nil, errors.New("the recipe has no workload")
	}
	if mistaken, ok := w.(interface{ Err() error }); ok && mistaken.Err() != nil {
		return nil, nil, mistaken.Err()
	}
	if slices.Contains(workloads.Recipes(), w.Name()) {
		return nil, nil, fmt.Errorf("the name %q is taken by a recipe of zklab's: choose another one", w.Name())
	}
	own, ok := w.(workloads.Declares)
	if !ok || own.Declared() == nil {
		return nil, nil, fmt.Errorf("recipe %q does not declare its objects: make it with package object", w.Name())
	}
	return w, own.Declared(), nil
}

// difference says in what two declarations differ; "" if the second can be judged as the first.
func difference(a, b models.Declared) string {
	operations := func(d models.Declared) (names []string) {
		for _, o := range d.Model().Operations {
			names = append(names, o.F)
		}
		return names
	}
	switch {
	case a.Model().Name != b.Model().Name:
		return "names"
	case !slices.Equal(operations(a), operations(b)):
		return "operations"
	case !slices.Equal(storedruns.PropertiesOf(a), storedruns.PropertiesOf(b)):
		return "rules"
	}
	return ""
}
