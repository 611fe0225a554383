package experiments

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/version"
)

// addsModule returns the commands that add zklab to the module of a folder. They create a module if the
// folder is in none, and use the clone from which this program was built, if there is one. In zklab's own
// module, no commands are needed.
func addsModule(folder, name string) (commands []string) {
	switch module := moduleOf(folder); module {
	case version.Path:
		return nil
	case "":
		commands = append(commands, "go mod init example.com/"+name)
	}
	if clone := version.Clone(); clone != "" { // with a version, go get does not look for published ones
		return append(commands, printable.Command("go", "mod", "edit", "-replace", version.Path+"="+clone), "go get "+version.Path+"@v0.0.0")
	}
	return append(commands, "go get "+version.Path)
}

// moduleOf returns the path of the module that a folder is in, or "".
func moduleOf(folder string) string {
	dir, err := filepath.Abs(folder)
	for ; err == nil; dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
			for line := range strings.Lines(string(text)) {
				if module, ok := strings.CutPrefix(line, "module "); ok {
					return strings.Trim(strings.TrimSpace(module), `"`)
				}
			}
			return "a module"
		}
		if filepath.Dir(dir) == dir {
			break
		}
	}
	return ""
}
