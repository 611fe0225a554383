package experiments

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/workloads"
)

// readObject makes an experiment use the objects that a file declares. The path of the file is the value of
// --object; if it is "", the experiment file itself may declare some.
func readObject(cmd *cobra.Command, f *Flags, x *store.Experiment) error {
	path := f.Object
	if path != "" {
		o, text, err := objectFile(path)
		if err != nil {
			return err
		}
		if x.Recipe != "" && x.Recipe != o.Name {
			return usage.Errorf("%s declares %q, and not %q: leave out the recipe", path, o.Name, x.Recipe)
		}
		x.Recipe, x.Object, x.ObjectFile = o.Name, text, path
	}
	if x.Object != "" && x.SubjectCommand == "" && !f.servedHere(*x) {
		return usage.Errorf("%s needs the program that serves %q: add --subject-command 'python3 adapter.py'", cmd.Name(), x.Recipe)
	}
	return nil
}

// servedHere reports whether this program makes the subjects of the objects that an experiment declares,
// because they are among the recipes that were passed to Main.
func (f *Flags) servedHere(x store.Experiment) bool {
	w, err := f.Catalog.Named(x.Recipe, firstSubject(f.Catalog, x.Recipe))
	return err == nil && x.SubjectCommand == "" && workloads.WrittenBy(w) == x.Object
}

// RecipeWords returns the words of a command line that name an experiment's recipe.
func RecipeWords(x store.Experiment) []string {
	if x.ObjectFile != "" {
		return []string{"--object", x.ObjectFile}
	}
	return []string{x.Recipe}
}

// objectFile returns the object that a file declares, and the file's text.
func objectFile(path string) (o object.Object[subjects.Object], text string, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return o, "", fmt.Errorf("cannot read the object: %w", err)
	}
	if o, err = object.Parse(b); err != nil {
		return o, "", usage.Errorf("--object %s: %v", path, err)
	}
	return o, string(b), nil
}

// objectWorkload returns the workload of the object that an experiment declares.
func objectWorkload(x store.Experiment) (workloads.Workload, error) {
	o, err := object.Parse([]byte(x.Object))
	switch {
	case err != nil:
		return nil, usage.ValueError{Field: "object", Problem: "cannot be read: " + err.Error()}
	case o.Name != x.Recipe:
		return nil, usage.ValueError{Field: "object", Problem: fmt.Sprintf("declares %q, but the recipe is %q", o.Name, x.Recipe)}
	}
	return o.Workload(), nil
}

// tried is a workload whose operations can be tried one by one.
type tried interface {
	workloads.Workload
	workloads.Declares
	Try(number int64) ([]workloads.MixedOperation, []json.RawMessage, error)
}

// declaredObject returns the object of a file for conform.
func declaredObject(cmd *cobra.Command, path string) (*adapter.Declared, error) {
	if cmd.Flags().Changed("recipe") {
		return nil, usage.Errorf("--object and --recipe exclude each other")
	}
	o, _, err := objectFile(path)
	if err != nil {
		return nil, err
	}
	w := o.Workload().(tried)
	return &adapter.Declared{Name: o.Name, Calls: func(number int64) (all []adapter.DeclaredCall, err error) {
		calls, arguments, err := w.Try(number)
		for i, c := range calls {
			traits := w.Declared().Model().Operation(c.Name())
			all = append(all, adapter.DeclaredCall{Operation: c.Name(), Argument: arguments[i], Begins: traits.Begins, Ends: traits.Ends})
		}
		return all, err
	}}, nil
}
