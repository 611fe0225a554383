package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/nearest"
)

// The names of subjects that come with zklab.
const (
	Own         = "zklab"        // the recipe of package recipes
	GoZookeeper = "go-zookeeper" // what comes with the client library
	// Broken is one that is wrong on purpose, to show what a violation looks like.
	// There are several, one for each of Broken, a colon, and what is wrong.
	Broken = "broken"
)

// brokenBy is followed by what is wrong.
const brokenBy = Broken + ":"

// Subject is a subject that has a name.
type Subject struct {
	Recipe string `json:"recipe"`
	Name   string `json:"name"` // as Named takes it
	About  string `json:"about"`
	// Property is the one that finds what is wrong on purpose; "" where nothing is.
	Property string `json:"property,omitempty"`
	// Faults bring out what is wrong, as plan.Parse reads them; "" where clients
	// that compete are enough.
	Faults string `json:"faults,omitempty"`
	// Besides are the properties that it breaks beside that one: who goes on with an old
	// token cannot but break them, too.
	Besides []string `json:"besides,omitempty"`
	// Alone says that what is wrong shows to a single client, and needs none that compete.
	Alone bool `json:"alone,omitempty"`

	workload Workload
}

// recipes are the workloads that have a name, with their subjects: the library's own first.
// The first one that is broken is what Broken means.
var recipes = map[string][]Subject{}

// offer gives a workload the name of its model.
func offer(m *models.Model, subjects ...Subject) struct{} {
	for i := range subjects {
		subjects[i].Recipe = m.Name
	}
	recipes[m.Name] = subjects
	return struct{}{}
}

func own(w Workload) Subject {
	return Subject{Name: Own, About: "the recipe of package recipes", workload: w}
}

// variant is another recipe of package recipes, or the same one used otherwise.
func variant(name, about string, w Workload) Subject {
	return Subject{Name: Own + "-" + name, About: about, workload: w}
}

// planted is a subject with one planted defect, under the name of that.
func planted(defect, property, faults, about string, w Workload) Subject {
	return Subject{Name: brokenBy + defect, About: about, Property: property, Faults: faults, workload: w}
}

// besides says what more properties it breaks.
func (s Subject) besides(properties ...string) Subject {
	s.Besides = properties
	return s
}

// alone says that a single client sees what is wrong.
func (s Subject) alone() Subject {
	s.Alone = true
	return s
}

// Recipes lists the names of the workloads, sorted.
func Recipes() []string { return slices.Sorted(maps.Keys(recipes)) }

// About says in a few words what a recipe is.
func About(recipe string) string { return models.Named(recipe).About }

// Subjects lists the subjects of a recipe, the library's own first, then others',
// then those that are broken, of which the first is also called just Broken.
func Subjects(recipe string) []Subject { return slices.Clone(recipes[recipe]) }

// Named gives the workload of a recipe with one of its subjects.
func Named(recipe, subject string) (Workload, error) {
	subjects, ok := recipes[recipe]
	if !ok {
		names := Recipes()
		return nil, fmt.Errorf("unknown recipe %q%sknown are %s", recipe, nearest.DidYouMean(recipe, names), strings.Join(names, ", "))
	}
	for _, s := range subjects {
		if s.Name == subject || subject == Broken && s.isBroken() {
			return s.workload, nil
		}
	}
	if defect, ok := strings.CutPrefix(subject, brokenBy); ok {
		defects := defects(recipe)
		return nil, fmt.Errorf("recipe %s has no planted defect %q%sit has %s", recipe, defect, nearest.DidYouMean(defect, defects), strings.Join(defects, ", "))
	}
	names := Short(recipe)
	return nil, fmt.Errorf("recipe %s has no subject %q%sit has %s", recipe, subject, nearest.DidYouMean(subject, names), strings.Join(names, ", "))
}

// InProcesses says whether the clients of a workload can be processes of their own, with
// subjects that this program makes.
func InProcesses(w Workload) bool {
	p, ok := w.(Processes)
	_, served := w.(Served)
	return ok && served && p.InProcesses() != nil
}

// Short lists what subjects of a recipe are called, those that are broken together
// as Broken.
func Short(recipe string) (names []string) {
	for _, s := range recipes[recipe] {
		if s.isBroken() {
			return append(names, Broken)
		}
		names = append(names, s.Name)
	}
	return names
}

// defects lists what may follow Broken and a colon.
func defects(recipe string) (names []string) {
	for _, s := range recipes[recipe] {
		if defect, ok := strings.CutPrefix(s.Name, brokenBy); ok {
			names = append(names, defect)
		}
	}
	return names
}

func (s Subject) isBroken() bool { return strings.HasPrefix(s.Name, brokenBy) }
