// Package entry declares the catalogue's statements about a program: what was read, what the program
// promises, and what its recipe does wrong, if anything. All tests and docs/programs.md are made from
// these declarations.
package entry

import "github.com/zklab/zklab/workloads"

// Entry is one recipe of a program.
type Entry struct {
	Folder  string // of the recipe, below catalog
	Program string // the program, with what it uses the recipe for: "Apache Solr, queue of the overseer"
	File    string // the repository and the file that was read
	Version string // of the program, or the commit that was read
	LeftOut string // what the recipe here leaves out or does otherwise: sentences

	Promises    string // what the program promises: sentences
	NotPromised string // what it does not, so that no verdict goes by it: sentences, or ""

	AsIs workloads.Workload // the recipe as it is written
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
	// Mended is the recipe with that changed; nil if the mend was not tried, or is not enough.
	Mended workloads.Workload
}
