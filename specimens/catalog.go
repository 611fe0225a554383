package specimens

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/workloads"
)

// Catalog has the recipes that a program knows: zklab's, and its own. The zero value has zklab's only. A
// Catalog never changes, so it is safe for concurrent use.
type Catalog struct {
	program string
	own     []Specimen // grouped by recipe
}

// NewCatalog returns the catalog of a program with recipes of its own: their subjects, the right one of each recipe
// first. program is the command that knows them.
func NewCatalog(program string, own ...Specimen) Catalog {
	return Catalog{program, slices.Clone(own)}
}

// Program returns the name of the command with which the printed command lines begin.
func (c Catalog) Program() string { return cmp.Or(c.program, workloads.Own) }

// Recipes lists the names of the workloads, sorted.
func (c Catalog) Recipes() (names []string) {
	for _, s := range slices.Concat(c.own, builtIn) {
		names = append(names, s.Recipe)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Model returns the model of a recipe's objects.
func (c Catalog) Model(recipe string) *models.Model {
	if own := c.Declared(recipe); own != nil {
		return own.Model()
	}
	return models.Named(recipe)
}

// Declared returns the declaration of a recipe's objects, or nil if zklab knows them or the catalog does not.
func (c Catalog) Declared(recipe string) models.Declared {
	for _, s := range c.own {
		if s.Recipe == recipe {
			return workloads.DeclaredBy(s.Workload)
		}
	}
	return nil
}

// About describes a recipe in a few words.
func (c Catalog) About(recipe string) string { return c.Model(recipe).About }

// Subjects lists the subjects of a recipe: the right one first, then others, then mutants. The first mutant is
// also called just Broken.
func (c Catalog) Subjects(recipe string) (all []Specimen) {
	for _, s := range slices.Concat(c.own, builtIn) {
		if s.Recipe == recipe {
			all = append(all, s)
		}
	}
	return all
}

// Named returns the workload of a recipe with one of its subjects.
func (c Catalog) Named(recipe, subject string) (workloads.Workload, error) {
	subjects := c.Subjects(recipe)
	if subjects == nil {
		names := c.Recipes()
		return nil, fmt.Errorf("unknown recipe %q%sknown are %s", recipe, nearest.DidYouMean(recipe, names), strings.Join(names, ", "))
	}
	for _, s := range subjects {
		if s.Name == subject || subject == Broken && s.isBroken() {
			return s.Workload, nil
		}
	}
	if defect, ok := strings.CutPrefix(subject, brokenBy); ok {
		defects := c.defects(recipe)
		return nil, fmt.Errorf("recipe %s has no mutant %q%sit has %s", recipe, defect, nearest.DidYouMean(defect, defects), strings.Join(defects, ", "))
	}
	names := c.Short(recipe)
	return nil, fmt.Errorf("recipe %s has no subject %q%sit has %s", recipe, subject, nearest.DidYouMean(subject, names), strings.Join(names, ", "))
}

// Short lists the names of the subjects of a recipe, with all mutants as Broken.
func (c Catalog) Short(recipe string) (names []string) {
	for _, s := range c.Subjects(recipe) {
		if s.isBroken() {
			return append(names, Broken)
		}
		names = append(names, s.Name)
	}
	return names
}

// defects lists the names of the defects, which may follow Broken and a colon.
func (c Catalog) defects(recipe string) (names []string) {
	for _, s := range c.Subjects(recipe) {
		if defect, ok := strings.CutPrefix(s.Name, brokenBy); ok {
			names = append(names, defect)
		}
	}
	return names
}
