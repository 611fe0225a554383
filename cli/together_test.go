package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/mix"
	site "github.com/zklab/zklab/internal/lab/serve"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// TestTogether is a table of all kinds of objects, all ways in which their clients live, and all
// commands that take a stored run. A right object is never accused, however its clients live; a
// wrong one is convicted; and each command comes to the verdict of the run. A new recipe, way or
// command is one more entry. Each recipe meets all ways and all commands; a command meets each way
// with some of the recipes.
func TestTogether(t *testing.T) {
	for i, recipe := range workloads.Recipes() {
		possible := 0
		for _, way := range ways {
			t.Run(recipe+"/"+way.name, func(t *testing.T) {
				right := lives(t, recipe, workloads.Own, way)
				if right == nil {
					return // its clients cannot live so
				}
				if names := right.Result.Violated(); len(names) > 0 {
					t.Errorf("a right one is accused of %s", strings.Join(names, ", "))
				}
				if possible++; possible == 1+i%2 {
					behindDoors(t, right)
				}
			})
		}
		t.Run(recipe+"/wrong", func(t *testing.T) {
			for j := range ways {
				if wrong := lives(t, recipe, workloads.Broken, ways[(i+j)%len(ways)]); wrong != nil {
					behindDoors(t, wrong)
					return
				}
			}
			t.Error("convicted in none of the ways")
		})
	}
}

// way is a way in which the clients of an object live.
type way struct {
	name string
	set  func(x *experiment.Experiment) (possible bool)
}

var ways = []way{
	{"one connection", func(x *experiment.Experiment) bool {
		x.OneProcess = true
		return true
	}},
	{"processes that restart", func(x *experiment.Experiment) bool {
		x.PlayProcesses = x.Playable()
		return x.PlayProcesses
	}},
	{"a session for each object", func(x *experiment.Experiment) bool {
		var ok bool
		x.Workload, ok = inSessions(x.Workload, false)
		x.OneProcess = true
		return ok
	}},
	{"a session for each object, in processes", func(x *experiment.Experiment) bool {
		var ok bool
		x.Workload, ok = inSessions(x.Workload, false)
		x.PlayProcesses = x.Playable()
		return ok && x.PlayProcesses
	}},
	{"a session for each object, which the object closes", func(x *experiment.Experiment) bool {
		var ok bool
		x.Workload, ok = inSessions(x.Workload, true)
		return ok
	}},
}

// inSessions returns the workload with a constructor that opens a session for each object. If closes
// is set, the constructor has it closed before the client ends; else the client closes it. It
// returns false if the workload has no constructor.
func inSessions(w workloads.Workload, closes bool) (workloads.Workload, bool) {
	v := reflect.New(reflect.TypeOf(w)).Elem()
	v.Set(reflect.ValueOf(w))
	field := v.FieldByName("New")
	if !field.IsValid() {
		return w, false
	}
	inner := reflect.ValueOf(field.Interface())
	field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
		c, err := apart(args[0].Interface().(*subjects.Client), closes)
		if err != nil {
			return []reflect.Value{reflect.Zero(field.Type().Out(0)), reflect.ValueOf(&err).Elem()}
		}
		args[0] = reflect.ValueOf(c)
		return inner.Call(args)
	}))
	return v.Interface().(workloads.Workload), true
}

// apart returns a client like c with a session of its own.
func apart(c *subjects.Client, closes bool) (*subjects.Client, error) {
	if c.Conn == nil { // another process makes the object
		return c, nil
	}
	conn, events, err := c.Connect()
	if err != nil {
		return nil, err
	}
	own := &subjects.Client{ID: c.ID, Servers: c.Servers, Timeout: c.Timeout, Dial: c.Dial, Conn: conn, Events: events, Subscribe: c.Subscribe}
	c.BeforeEnd(func(ctx context.Context) {
		_ = own.Close(ctx)
		if closes {
			conn.Close()
		}
	})
	return own, nil
}

// lives returns a stored run of a recipe's subject whose clients live in some way: the first run of a
// right one, and the first of some seeds that convicts a wrong one. It returns nil if its clients
// cannot live so, or if no run convicts it.
func lives(t *testing.T, recipe, subject string, way way) *experiment.Outcome {
	t.Helper()
	w, err := workloads.Named(recipe, subject)
	if err != nil {
		t.Fatal(err)
	}
	x := experiment.Experiment{Config: engine.Config{
		Workload: w, Seed: 1, Subject: subject, Settings: settings.Settings{Clients: 3, Keys: 2, TimeLimit: 3 * time.Second},
	}}
	if !way.set(&x) {
		return nil
	}
	x, err = mix.Usual(x)
	if err != nil {
		t.Fatal(err)
	}
	for ; x.Seed <= 5; x.Seed++ {
		o, err := mix.Simulate(t, x)
		if err != nil {
			t.Fatal(err)
		}
		if o.Unheld != nil && !o.Unheld.Killed {
			t.Errorf("seed %d: %v", x.Seed, o.Unheld)
		}
		if subject == workloads.Own || len(o.Result.Violated()) > 0 {
			if err := o.Keep(t.TempDir()); err != nil {
				t.Fatal(err)
			}
			return o
		}
	}
	return nil
}

// storedDoor is a command, or a page, for stored runs.
type storedDoor struct {
	name string
	open func(t *testing.T, o *experiment.Outcome) error
}

// behindDoors passes a run to all commands and pages.
func behindDoors(t *testing.T, o *experiment.Outcome) {
	t.Helper()
	for _, d := range storedDoors() {
		if err := d.open(t, o); err != nil {
			t.Errorf("%s run of seed %d: %s: %v", o.Result.Verdict, o.Result.Seed, d.name, err)
		}
	}
}

func storedDoors() []storedDoor {
	all := []storedDoor{
		{"check", checksAlike},
		{"report", func(_ *testing.T, o *experiment.Outcome) error {
			_, err := exitsWith(exitValid, "report", o.Run.Dir)
			return errors.Join(err, says(o.Run.Report(), o))
		}},
		{"compare", func(_ *testing.T, o *experiment.Outcome) error {
			_, err := exitsWith(exitValid, "compare", o.Run.Dir, o.Run.Dir)
			return err
		}},
		{"list", func(_ *testing.T, o *experiment.Outcome) error {
			text, err := exitsWith(exitValid, "list", "runs", "--out", storeOf(o))
			if err == nil && !strings.Contains(text, filepath.Base(o.Run.Dir)) {
				err = errors.New("the run is not in the list")
			}
			return err
		}},
		{"serve", served},
	}
	for _, f := range exportFormats {
		all = append(all, storedDoor{"export " + f.name, func(t *testing.T, o *experiment.Outcome) error {
			to := filepath.Join(t.TempDir(), "exported")
			_, err := exitsWith(exitValid, "export", o.Run.Dir, "--format", f.name, "--output", to)
			if info, missing := os.Stat(to); err == nil && (missing != nil || info.Size() == 0) {
				err = errors.New("nothing was written")
			}
			return err
		}})
	}
	return all
}

// exitsWith runs a command in this process, and returns its standard output.
func exitsWith(want int, args ...string) (stdout string, err error) {
	var out, problems bytes.Buffer
	if code := execute(args, &out, &problems); code != want {
		err = fmt.Errorf("exit code %d, want %d: %s", code, want, problems.String())
	}
	return out.String(), err
}

// checksAlike judges the run again.
func checksAlike(_ *testing.T, o *experiment.Outcome) error {
	text, err := exitsWith(exitOf(o.Result.Verdict), "check", o.Run.Dir, "--json")
	if err != nil {
		return err
	}
	var again store.Result
	if err := json.Unmarshal([]byte(text), &again); err != nil {
		return err
	}
	if got, want := again.Violated(), o.Result.Violated(); !slices.Equal(got, want) {
		return fmt.Errorf("violates %v, and the run %v", got, want)
	}
	return nil
}

// says wants a page to name the verdict of a run.
func says(page string, o *experiment.Outcome) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	word := map[checker.Result]string{checker.Valid: "VALID", checker.Violation: "VIOLATION", checker.Unknown: "UNDECIDED"}[o.Result.Verdict]
	if !strings.Contains(strings.ToUpper(string(text)), word) {
		return fmt.Errorf("%s does not say %s", filepath.Base(page), word)
	}
	return nil
}

// served wants pages of the run and of its store.
func served(_ *testing.T, o *experiment.Outcome) error {
	s, err := site.New(site.Config{Store: storeOf(o)})
	if err != nil {
		return err
	}
	defer s.Close()
	rel, err := filepath.Rel(storeOf(o), o.Run.Dir)
	if err != nil {
		return err
	}
	for _, page := range []string{"/", "/findings", "/run/" + rel, "/files/" + rel + "/report.html"} {
		answer := httptest.NewRecorder()
		s.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://localhost"+page, nil))
		if answer.Code != http.StatusOK {
			return fmt.Errorf("%s: %d", page, answer.Code)
		}
	}
	return nil
}

// storeOf is the folder of the store in which a run is.
func storeOf(o *experiment.Outcome) string { return filepath.Dir(filepath.Dir(o.Run.Dir)) }
