// Package entry declares the catalogue's statements about a program: what was read, what the program
// promises, and what its recipe does wrong, if anything. All tests, docs/programs.md and docs/ports.md are made
// from these declarations. The pages show Program, Happens or Right, Fault and Originals; the other texts are for readers of
// a recipe's file.
package entry

import (
	"time"

	"github.com/zklab/zklab/workloads"
)

// Entry is one recipe of a program.
type Entry struct {
	Folder  string // of the recipe, below catalog
	Program string // the program, with what it uses the recipe for: "Apache Solr, queue of the overseer"
	File    string // the repository and the file that was read
	Version string // of the program, or the commit that was read
	LeftOut string // what the port leaves out or does differently: sentences

	Promises    string // what the program promises: sentences
	NotPromised string // what the program does not promise, so that no verdict relies on it: sentences, or ""

	AsIs workloads.Workload // the recipe as it is written
	// Slack is the Slack of its test: more than usual if the program may take longer. 0: as usual.
	Slack time.Duration
	// Seeds is the number of seeds of a recipe whose mistake shows more rarely than usual. 0: as usual.
	Seeds int64
	// Originals are the programs' own code under the same test.
	Originals []Original
	// Right tells why the recipe is right: sentences. Only a right one has it.
	Right string
	Wrong *Wrong // nil for a right one
}

// Wrong describes the mistake of a recipe.
type Wrong struct {
	Mistake *Mistake
	Happens string   // what happens: two sentences
	Breaks  []string // the properties by which it is convicted
	Fault   string   // what it takes to happen: "a lost reply", or "no fault"
	Mend    string   // what mends it: sentences
	// Mended is the mended recipe; nil if the mend was not tried, or is not enough.
	Mended workloads.Workload
}

// Original is the own code of a program under the test of its recipe, in a module of its own below catalog/originals.
// It gets the verdict of the recipe.
type Original struct {
	Folder string // below catalog/originals
	Code   string // what runs, with its version: "Go kit v0.13.0"
	Apart  string // what is not as in the program: sentences
}
