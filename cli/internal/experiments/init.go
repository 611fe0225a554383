package experiments

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/scaffold"
	"github.com/zklab/zklab/specimens"
)

func newInit(catalog specimens.Catalog) *cobra.Command {
	var recipe, language, out string
	cmd := &cobra.Command{
		Use:   "init [RECIPE]",
		Short: "Write a file to begin with: an experiment, a Go test or an adapter",
		Long: "Init writes an experiment.yaml with all settings and comments, for lock or another RECIPE. With --go it\n" +
			"writes a Go test instead, into which you put your own implementation of a recipe, and with --adapter a\n" +
			"program by which zklab tests a lock in another language. Each runs as it stands. Init never overwrites\n" +
			"a file.",
		Example: "  zklab init && zklab run --config experiment.yaml\n" +
			"  zklab init --go queue\n" +
			"  zklab init --adapter python",
		Args:              usage.AtMostOne,
		ValidArgsFunction: recipeArgument(catalog),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := fileToWrite(catalog, args, recipe, language, out)
			if err != nil {
				return usage.Errorf("%v", err)
			}
			if err := usage.Writable("--out", out); err != nil {
				return err
			}
			if err := usage.WriteNew(filepath.Join(out, file.Name), string(file.Text)); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", filepath.Join(out, file.Name))
			for _, line := range nextLines(file.Next, out) {
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&recipe, "go", "", "write a Go test for an implementation of this recipe")
	flags.StringVar(&language, "adapter", "", "write an adapter in this language: "+strings.Join(scaffold.Languages, ", "))
	flags.StringVar(&out, "out", ".", "folder to write into")
	usage.Completes(cmd, "go", usage.ChoiceOf(catalog.Recipes()...))
	usage.Completes(cmd, "adapter", usage.ChoiceOf(scaffold.Languages...))
	usage.CompletesFiles(cmd, "out")
	return cmd
}

// nextLines returns what to do next, with indented commands, which are to be run in the folder of
// the file.
func nextLines(next []string, folder string) (lines []string) {
	elsewhere := filepath.Clean(folder) != "."
	for _, line := range next {
		if strings.HasSuffix(line, ":") {
			lines = append(lines, line)
			continue
		}
		if elsewhere {
			lines = append(lines, "    "+printable.Command("cd", folder))
			elsewhere = false
		}
		lines = append(lines, "    "+line)
	}
	return lines
}

// fileToWrite returns the file that the command line asks for.
func fileToWrite(catalog specimens.Catalog, args []string, recipe, language, out string) (scaffold.File, error) {
	asked := 0
	for _, given := range []bool{len(args) > 0, recipe != "", language != ""} {
		if given {
			asked++
		}
	}
	switch {
	case asked > 1:
		return scaffold.File{}, errors.New("init writes one file: give a RECIPE, --go or --adapter")
	case language != "":
		return scaffold.Adapter(language, catalog.Program())
	case recipe != "":
		return scaffold.GoTest(recipe, packageIn(out), addsModule(out, packageIn(out)))
	}
	recipe = "lock"
	if len(args) > 0 {
		recipe = args[0]
	}
	if _, err := catalog.Named(recipe, firstSubject(catalog, recipe)); err != nil {
		return scaffold.File{}, err
	}
	return scaffold.Experiment(recipe, catalog.Program())
}

// packageIn returns the name of the Go package in a folder, for a test: the name in its files, or one made from
// the folder's name.
func packageIn(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, file := range files {
		if f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly); err == nil {
			return f.Name.Name
		}
	}
	if full, err := filepath.Abs(dir); err == nil {
		if name := strings.ToLower(filepath.Base(full)); token.IsIdentifier(name) {
			return name
		}
	}
	return "mine"
}
