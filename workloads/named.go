package workloads

import (
	"reflect"
	"strings"
)

// The names of subjects that come with zklab.
const (
	Own         = "zklab"        // the recipe of package recipes
	GoZookeeper = "go-zookeeper" // the recipe that comes with the client library
	// Broken is a deliberately wrong subject that shows what a violation looks like. There
	// are several mutants: Broken, a colon, and the defect.
	Broken = "broken"
)

// brokenBy is followed by the defect.
const brokenBy = Broken + ":"

// Subject is a subject with a name.
type Subject struct {
	Recipe string `json:"recipe"`
	Name   string `json:"name"` // as Named takes it
	About  string `json:"about"`
	// Property is the property that finds the seeded defect; "" for a correct subject.
	Property string `json:"property,omitempty"`
	// Faults expose the defect, as plan.Parse reads them; "" if competing clients are
	// enough.
	Faults string `json:"faults,omitempty"`
	// Besides are the further properties that the defect violates: for example, a client
	// that goes on with an old token violates several.
	Besides []string `json:"besides,omitempty"`
	// Alone is true if a single client exposes the defect, without competitors.
	Alone bool `json:"alone,omitempty"`

	// Workload is the recipe with this subject under load.
	Workload Workload `json:"-"`
}

func own(w Workload) Subject {
	return Subject{Name: Own, About: "the recipe of package recipes", Workload: w}
}

// variant returns a subject that is another recipe of package recipes, or the same recipe used in
// another way.
func variant(name, about string, w Workload) Subject {
	return Subject{Name: Own + "-" + name, About: about, Workload: w}
}

// mutant returns a mutant with one seeded defect, named after the defect.
func mutant(defect, property, faults, about string, w Workload) Subject {
	return Subject{Name: brokenBy + defect, About: about, Property: property, Faults: faults, Workload: w}
}

// besides adds the further properties that the subject violates.
func (s Subject) besides(properties ...string) Subject {
	s.Besides = properties
	return s
}

// alone notes that a single client exposes the defect.
func (s Subject) alone() Subject {
	s.Alone = true
	return s
}

// LacksNew reports whether a workload of this package has no function that makes the subjects.
func LacksNew(w Workload) bool {
	v := reflect.ValueOf(w)
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != reflect.TypeFor[Lock]().PkgPath() {
		return false
	}
	made := v.FieldByName("New")
	return made.IsValid() && made.Kind() == reflect.Func && made.IsNil()
}

// Recipes lists the names of zklab's workloads, sorted.
func Recipes() []string { return Catalog{}.Recipes() }

// About describes one of zklab's recipes in a few words.
func About(recipe string) string { return Catalog{}.About(recipe) }

// Subjects lists the subjects of one of zklab's recipes: the library's own first, then others, then mutants.
// The first mutant is also called just Broken.
func Subjects(recipe string) []Subject { return Catalog{}.Subjects(recipe) }

// Named returns the workload of one of zklab's recipes with one of its subjects.
func Named(recipe, subject string) (Workload, error) { return Catalog{}.Named(recipe, subject) }

// Short lists the names of the subjects of one of zklab's recipes, with all mutants as Broken.
func Short(recipe string) []string { return Catalog{}.Short(recipe) }

// InProcesses reports whether the clients of a workload can be processes of their own, with
// subjects that this program makes.
func InProcesses(w Workload) bool {
	_, served := w.(Served)
	return served
}

func (s Subject) isBroken() bool { return strings.HasPrefix(s.Name, brokenBy) }
