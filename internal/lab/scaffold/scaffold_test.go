package scaffold

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// A generated experiment file can be read as it is, and also with all its settings, which are the
// defaults.
func TestExperiment(t *testing.T) {
	file := must.Get(Experiment("lock", "zklab"))(t)
	plain, err := store.ParseExperiment(file.Text)
	if err != nil || plain.Recipe != "lock" || !plain.Simulate || len(plain.Faults) != 3 || !reflect.DeepEqual(plain.Settings, settings.Settings{}) {
		t.Errorf("%+v, %v", plain, err)
	}
	_, rest, ok := strings.Cut(string(file.Text), "with their defaults.\n")
	if !ok {
		t.Fatal("no settings")
	}
	all := regexp.MustCompile(`(?m)^# ([a-z-]+:)`).ReplaceAllString(rest, "$1")
	set, err := store.ParseExperiment([]byte("recipe: lock\n" + all))
	if err != nil || !reflect.DeepEqual(set.Settings, settings.Usual()) {
		t.Errorf("%+v, %v\n%s", set.Settings, err, all)
	}
	for _, k := range settings.Knobs {
		if !strings.Contains(all, "\n"+k.Name()+": ") {
			t.Errorf("no %s", k.Name())
		}
	}
}

// The generated test of each recipe compiles, and passes without changes.
func TestGoTest(t *testing.T) {
	dir, here := t.TempDir(), workingDir(t)
	files := map[string]string{}
	for _, recipe := range specimens.Recipes() {
		file, err := GoTest(recipe, "mine", nil)
		if recipe == "session" {
			if err == nil || !strings.Contains(err.Error(), "session tests ZooKeeper itself") {
				t.Errorf("%s: %v", recipe, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", recipe, err, file.Text)
		}
		path := filepath.Join(dir, file.Name)
		must.Do(t, os.WriteFile(path, file.Text, 0o644))
		if _, twice := files[filepath.Join(here, "mine", file.Name)]; twice {
			t.Errorf("two recipes have %s", file.Name)
		}
		files[filepath.Join(here, "mine", file.Name)] = path
	}
	overlay := must.Get(json.Marshal(map[string]any{"Replace": files}))(t)
	must.Do(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644))
	binary := filepath.Join(dir, "mine.test") // its package is in this module only during this call
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, "./mine")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), binary, "-test.v", "-test.run", "^TestLock$").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestLock") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := GoTest("lok", "mine", nil); err == nil || !strings.Contains(err.Error(), `did you mean "lock"?`) {
		t.Error(err)
	}
}

func workingDir(t *testing.T) string {
	t.Helper()
	return must.Get(os.Getwd())(t)
}

func TestAdapter(t *testing.T) {
	for _, language := range Languages {
		if file, err := Adapter(language, "zklab"); err != nil || len(file.Text) == 0 {
			t.Errorf("%s: %v", language, err)
		}
	}
	if _, err := Adapter("pyton", "zklab"); err == nil || !strings.Contains(err.Error(), `did you mean "python"? languages are python, java`) {
		t.Error(err)
	}
}
