// Package specimens lists right and wrong recipes: subjects under load, with what the wrong ones must be convicted of and
// what brings that to light. A [Catalog] finds them by the names that commands take. Packages of tests declare further ones.
package specimens

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/workloads"
)

// The names of subjects that come with zklab, besides workloads.Own.
const (
	GoZookeeper = "go-zookeeper" // the recipe that comes with the client library
	// Broken is a deliberately wrong subject that shows what a violation looks like. There
	// are several mutants: Broken, a colon, and the defect.
	Broken = "broken"
)

// brokenBy is followed by the defect.
const brokenBy = Broken + ":"

// Specimen is a subject with a name.
type Specimen struct {
	Recipe string `json:"recipe"`
	Name   string `json:"name"` // as Catalog.Named takes it
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
	Workload workloads.Workload `json:"-"`
	// Mended is the same without the defect, or nil.
	Mended workloads.Workload `json:"-"`
}

// builtIn is what [All] lists.
var builtIn = slices.Concat(
	ofBarrier, ofCache, ofConfig, ofCounter, ofDelayQueue, ofDiscovery, ofDoubleBarrier, ofElection, ofJobQueue, ofLock, ofMasterWorker, ofMembership,
	ofMultiLock, ofPartitioner, ofPriorityQueue, ofQueue, ofRegister, ofRwlock, ofSemaphore, ofSession, ofTwoPhaseCommit,
)

func named(name, about string, w workloads.Workload) Specimen {
	return Specimen{Recipe: w.Name(), Name: name, About: about, Workload: w}
}

func own(w workloads.Workload) Specimen {
	return named(workloads.Own, "the recipe of package recipes", w)
}

// variant returns a subject that is another recipe of package recipes, or the same recipe used in
// another way.
func variant(name, about string, w workloads.Workload) Specimen {
	return named(workloads.Own+"-"+name, about, w)
}

// mutant returns a mutant with one seeded defect, named after the defect.
func mutant(defect, property, faults, about string, w workloads.Workload) Specimen {
	s := named(brokenBy+defect, about, w)
	s.Property, s.Faults = property, faults
	return s
}

// besides adds the further properties that the subject violates.
func (s Specimen) besides(properties ...string) Specimen {
	s.Besides = properties
	return s
}

// alone notes that a single client exposes the defect.
func (s Specimen) alone() Specimen {
	s.Alone = true
	return s
}

func (s Specimen) isBroken() bool { return strings.HasPrefix(s.Name, brokenBy) }

// All lists the subjects that come with zklab, by recipe in order of name: of each the right one first, then others, then
// mutants.
func All() []Specimen { return slices.Clone(builtIn) }

// Recipes lists the names of zklab's workloads, sorted.
func Recipes() []string { return Catalog{}.Recipes() }

// Subjects lists the subjects of one of zklab's recipes, as [Catalog.Subjects] does.
func Subjects(recipe string) []Specimen { return Catalog{}.Subjects(recipe) }

// Named returns the workload of one of zklab's recipes with one of its subjects.
func Named(recipe, subject string) (workloads.Workload, error) {
	return Catalog{}.Named(recipe, subject)
}
