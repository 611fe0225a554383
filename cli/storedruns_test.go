package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zklab/zklab/cli/internal/storedruns"
	"github.com/zklab/zklab/cli/internal/usage"
	site "github.com/zklab/zklab/internal/lab/serve"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// Each command and page for a stored run gives the run's verdict, whatever its object: a correct or a wrong
// one, with clients in one process or in processes that restart. A new recipe or a new command is one more
// entry. Each command is tried with all recipes, and each of the two ways of life with half of them.
func TestStoredRunsOfAllObjects(t *testing.T) {
	t.Parallel()
	for i, recipe := range specimens.Recipes() {
		for j, subject := range []string{workloads.Own, specimens.Broken} {
			t.Run(recipe+"/"+subject, func(t *testing.T) {
				t.Parallel()
				as := []string{"goroutine", "process"}[(i+j)%2]
				w := must.Get(specimens.Named(recipe, subject))(t)
				if !workloads.InProcesses(w) {
					as = "goroutine"
				}
				dir := t.TempDir()
				z := zklabIn{t: t, dir: dir, done: map[string]outputOf{}, by: commandLines(t, dir)}
				args := []string{"run", recipe, "--simulate", "--subject", subject, "--clients-as", as, "--clients", "3", "--time-limit", "4s", "--seed", "1", "--quiet"}
				if faults := faultsOf(recipe, subject); faults != "" {
					args = append(args, "--faults", faults)
				}
				out, code := z.zklab(args...)
				if subject == workloads.Own && code == usage.ExitViolation || code > usage.ExitUnknown {
					t.Fatalf("exit code %d\n%s", code, out)
				}
				for k, d := range storedDoors {
					if d.always || (i+j+k)%4 == 0 {
						d.open(z, code)
					}
				}
			})
		}
	}
}

// faultsOf returns the faults that expose a subject's defect.
func faultsOf(recipe, name string) string {
	for _, s := range specimens.Subjects(recipe) {
		if s.Name == name || name == specimens.Broken && strings.HasPrefix(s.Name, "broken") {
			return s.Faults
		}
	}
	return ""
}

// storedDoor is a command or a page that is tried with the run in store/latest. code is the exit code
// of that run.
type storedDoor struct {
	name   string
	always bool // tried with every run; else in turns with other doors
	open   func(z zklabIn, code int)
}

var storedDoors = append([]storedDoor{
	{"check", true, func(z zklabIn, code int) { z.exits(code, "check", "store/latest") }},
	{"check of the history alone", false, func(z zklabIn, code int) {
		if out, alone := z.zklab("check", "store/latest/history.jsonl"); alone == usage.ExitViolation && code != usage.ExitViolation {
			z.t.Errorf("check accuses the history alone:\n%s", out)
		}
	}},
	{"report", false, func(z zklabIn, code int) {
		z.exits(usage.ExitValid, "report", "store/latest")
		word := map[int]string{usage.ExitValid: "VALID", usage.ExitViolation: "VIOLATION", usage.ExitUnknown: "UNDECIDED"}[code]
		if !strings.Contains(strings.ToUpper(z.file("store/latest/report.html")), word) {
			z.t.Errorf("the page does not say %s", word)
		}
	}},
	{"replay", false, func(z zklabIn, code int) { // without the overlay, a replay may differ from the run
		if out, again := z.zklab("replay", "store/latest"); again > usage.ExitUnknown || again == usage.ExitViolation && code != usage.ExitViolation {
			z.t.Errorf("replay: exit code %d of a run with %d\n%s", again, code, out)
		}
	}},
	{"compare", false, func(z zklabIn, _ int) { z.exits(usage.ExitValid, "compare", "store/latest", "store/latest") }},
	{"list", false, func(z zklabIn, _ int) { z.exits(usage.ExitValid, "list", "runs") }},
	{"serve", false, func(z zklabIn, _ int) { z.serves() }},
}, exportDoors()...)

func exportDoors() (all []storedDoor) {
	for _, f := range storedruns.ExportFormats {
		all = append(all, storedDoor{"export " + f.Name, false, func(z zklabIn, _ int) {
			z.exits(usage.ExitValid, "export", "store/latest", "--format", f.Name, "--output", "exported")
			if info, err := os.Stat(filepath.Join(z.dir, "exported")); err != nil || info.Size() == 0 {
				z.t.Errorf("export --format %s wrote nothing", f.Name)
			}
		}})
	}
	return all
}

// exits runs a command and asserts its exit code.
func (z zklabIn) exits(want int, args ...string) {
	z.t.Helper()
	if out, code := z.zklab(args...); code != want {
		z.t.Errorf("zklab %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, out)
	}
}

// serves requests the pages of the store.
func (z zklabIn) serves() {
	z.t.Helper()
	dir := filepath.Join(z.dir, "store")
	s, err := site.New(site.Config{Store: dir})
	if err != nil {
		z.t.Fatal(err)
	}
	defer s.Close()
	latest, err := filepath.EvalSymlinks(filepath.Join(dir, "latest"))
	if err != nil {
		z.t.Fatal(err)
	}
	rel, err := filepath.Rel(dir, latest)
	if err != nil {
		z.t.Fatal(err)
	}
	for _, page := range []string{"/", "/findings", "/run/" + rel, "/files/" + rel + "/report.html"} {
		answer := httptest.NewRecorder()
		s.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://localhost"+page, nil))
		if answer.Code != http.StatusOK {
			z.t.Errorf("%s: %d", page, answer.Code)
		}
	}
}

// docs/export.md has a row for each format.
func TestExportFormatsAreDocumented(t *testing.T) {
	page := must.Get(os.ReadFile("../docs/export.md"))(t)
	for _, f := range storedruns.ExportFormats {
		if !regexp.MustCompile("(?m)^\\| \\[?`" + f.Name + "`").Match(page) {
			t.Errorf("docs/export.md has no row for the format %s", f.Name)
		}
	}
}
