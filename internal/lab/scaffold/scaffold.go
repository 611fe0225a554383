// Package scaffold makes the files with which a user begins to use zklab: an experiment file, a Go test, and
// adapters for recipes in other languages. The files work unchanged, on zklab's own recipes or on those of
// well-known libraries; comments in them say what to replace. The package writes nothing to disk.
package scaffold

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/zklab/zklab/internal/base/nearest"
)

// File is a file to begin with.
type File struct {
	Name string
	Text []byte
	Next []string // what to do next: commands, each perhaps after a sentence that ends with a colon
}

//go:embed adapter.py
var pythonAdapter []byte

//go:embed Adapter.java
var javaAdapter []byte

// Languages lists the languages of Adapter.
var Languages = []string{"python", "java"}

// Adapter returns an adapter of a lock in a language. program is the command that tests it. For an unknown language,
// the error names the known ones.
func Adapter(language, program string) (File, error) {
	const run = "%s conform --recipe lock %q"
	const try = "%s run lock --faults expire,freeze,crash --subject-command %q"
	switch language {
	case "python":
		command := "python3 adapter.py"
		return File{
			Name: "adapter.py", Text: pythonAdapter,
			Next: []string{
				"Install kazoo, or replace it by your own library. Then check the adapter, and run it under faults:",
				fmt.Sprintf(run, program, command), fmt.Sprintf(try, program, command),
			},
		}, nil
	case "java":
		command := "java -XX:TieredStopAtLevel=1 -cp .:$JARS Adapter"
		return File{
			Name: "Adapter.java", Text: javaAdapter,
			Next: []string{
				"Set JARS to the jars of Apache Curator and Jackson, or of your own library. This is where Debian's package libcurator-recipes-java has them. Then compile the adapter, check it, and run it under faults:",
				"JARS=/usr/share/java/curator-recipes.jar:/usr/share/java/slf4j-nop.jar",
				"javac -cp $JARS Adapter.java", fmt.Sprintf(run, program, command), fmt.Sprintf(try, program, command),
			},
		}, nil
	}
	return File{}, fmt.Errorf("there is no adapter in %q%slanguages are %s", language, nearest.DidYouMean(language, Languages), strings.Join(Languages, ", "))
}
