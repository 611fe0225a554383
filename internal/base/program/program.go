// Package program has what the main function of a command adds to zklab's own recipes: package cli declares
// it once, before the command begins, and the lists of recipes and models read it. Test programs declare
// nothing.
package program

import (
	"errors"
	"slices"
	"sync"
)

// Zklab is the name of the command that has zklab's own recipes only.
const Zklab = "zklab"

// Recipe is a recipe that the program declares.
type Recipe struct {
	Name string
	// Declared is the models.Declared of the objects, by which stored runs are judged.
	Declared any
	// Subjects lists what can be tested, the right one first.
	Subjects []Subject
}

// Subject is a subject of a Recipe.
type Subject struct {
	Name, About      string
	Property, Faults string // what finds the defect, and the faults that help; "" if that is not said
	Workload         any    // a workloads.Workload
}

var (
	name    = Zklab
	recipes []Recipe
	reads   func(text string) (declared any, err error)
	written sync.Map // text to the function that returns what was read
)

// Reads says how texts are read that declare objects. Package object calls it when the program begins.
func Reads(read func(text string) (declared any, err error)) { reads = read }

// Read returns the models.Declared that a text declares: the same one for the same text. It is safe for
// concurrent use.
func Read(text string) (declared any, err error) {
	if reads == nil {
		return nil, errors.New("this program does not import package object, which reads declarations")
	}
	once, _ := written.LoadOrStore(text, sync.OnceValues(func() (any, error) { return reads(text) }))
	return once.(func() (any, error))()
}

// Declare sets the name of the command and its recipes. Call it before all else: it is not safe for
// concurrent use.
func Declare(command string, own []Recipe) { name, recipes = command, own }

// Name returns the name of the command: what a command line that repeats something begins with.
func Name() string { return name }

// Recipes returns the declared recipes, which must not be changed.
func Recipes() []Recipe { return recipes }

// Find returns the declared recipe of that name.
func Find(recipe string) (Recipe, bool) {
	i := slices.IndexFunc(recipes, func(r Recipe) bool { return r.Name == recipe })
	if i < 0 {
		return Recipe{}, false
	}
	return recipes[i], true
}
