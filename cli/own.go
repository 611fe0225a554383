package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/nils"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// Recipe is a recipe that zklab does not know. An object.Object is one.
type Recipe interface {
	// Workload returns the workload, which must be a workloads.Declares. Main calls it once.
	Workload() workloads.Workload
}

// Subjects is a [Recipe] with further subjects, such as wrong variants that show what a violation looks like.
type Subjects struct {
	Recipe // the subject that is tested without --subject; its name is "own"
	// Others can be chosen with --subject.
	Others []Subject
}

// Subject is one of the other subjects of a recipe.
type Subject struct {
	// Name is the value of --subject: one word, such as "broken:careless".
	Name string
	// About describes the subject in a few words.
	About string
	// Recipe declares the same as that of Subjects (name, operations and rules), but with another
	// New.
	Recipe Recipe
	// Property is the rule that finds the subject's defect, or "" if there is none. Faults is the value of
	// --faults under which the rule finds it, or "" if any faults do. "list subjects" shows both.
	Property, Faults string
}

// ownSubject is the name of the first subject of a recipe that the program declares.
const ownSubject = "own"

// catalogOf returns the catalog of a program that passes recipes of its own to Main.
func catalogOf(program string, own []Recipe) (specimens.Catalog, error) {
	if len(own) == 0 {
		return specimens.Catalog{}, nil
	}
	var all []specimens.Specimen
	for i, r := range own {
		subjects, err := subjectsOf(r)
		if err != nil {
			return specimens.Catalog{}, fmt.Errorf("argument %d of cli.Main: %w", i+1, err)
		}
		name := subjects[0].Recipe
		if slices.ContainsFunc(all, func(other specimens.Specimen) bool { return other.Recipe == name }) {
			return specimens.Catalog{}, fmt.Errorf("argument %d of cli.Main: another one is called %q, too: give each recipe a name of its own", i+1, name)
		}
		all = append(all, subjects...)
	}
	return specimens.NewCatalog(program, all...), nil
}

// subjectsOf returns the subjects of a recipe, the one that is tested without --subject first.
func subjectsOf(r Recipe) ([]specimens.Specimen, error) {
	var others []Subject
	if s, ok := r.(Subjects); ok {
		r, others = s.Recipe, s.Others
	}
	w, d, err := declaredWorkload(r)
	if err != nil {
		return nil, err
	}
	recipe := w.Name()
	all := []specimens.Specimen{{Recipe: recipe, Name: ownSubject, About: "the recipe of this program", Workload: w}}
	for _, s := range others {
		switch {
		case len(strings.Fields(s.Name)) != 1 || strings.TrimSpace(s.Name) != s.Name:
			return nil, fmt.Errorf("a subject of recipe %q has the name %q: give it one word", recipe, s.Name)
		case slices.ContainsFunc(all, func(other specimens.Specimen) bool { return other.Name == s.Name }):
			return nil, fmt.Errorf("two subjects of recipe %q are called %q", recipe, s.Name)
		}
		w, other, err := declaredWorkload(s.Recipe)
		if err != nil {
			return nil, fmt.Errorf("subject %q: %w", s.Name, err)
		}
		if different := difference(d, other); different != "" {
			return nil, fmt.Errorf("subject %q must declare the same objects as recipe %q, but has other %s", s.Name, recipe, different)
		}
		if own := d.Properties(); s.Property != "" && s.Property != "returns" && !slices.Contains(own, s.Property) {
			return nil, fmt.Errorf("subject %q names the property %q: recipe %q has %s", s.Name, s.Property, recipe, strings.Join(own, ", "))
		}
		if _, err := plan.Parse(s.Faults, time.Second); err != nil {
			return nil, fmt.Errorf("the faults of subject %q: %w", s.Name, err)
		}
		all = append(all, specimens.Specimen{Recipe: recipe, Name: s.Name, About: s.About, Property: s.Property, Faults: s.Faults, Workload: w})
	}
	return all, nil
}

// declaredWorkload returns the workload of a recipe and its declaration, or an error if one of them has
// a mistake.
func declaredWorkload(r Recipe) (workloads.Workload, models.Declared, error) {
	if nils.Is(r) {
		return nil, nil, errors.New("the recipe is nil")
	}
	w := r.Workload()
	if w == nil {
		return nil, nil, errors.New("the recipe has no workload")
	}
	declared := workloads.DeclaredBy(w)
	if declared != nil && declared.Err() != nil {
		return nil, nil, declared.Err()
	}
	if slices.Contains(specimens.Recipes(), w.Name()) {
		return nil, nil, fmt.Errorf("the name %q is taken by a recipe of zklab's: choose another one", w.Name())
	}
	if declared == nil {
		return nil, nil, fmt.Errorf("recipe %q does not declare its objects: make it with package object", w.Name())
	}
	return w, declared, nil
}

// difference says how two declarations differ; "" if runs of the second can be judged like runs of the
// first.
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
	case !slices.Equal(a.Properties(), b.Properties()):
		return "rules"
	}
	return ""
}
