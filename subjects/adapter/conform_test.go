package adapter

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// conformed runs Conform with a fake on a stage.
func conformed(t *testing.T, defect string, c Conformance) (results []Result, err error) {
	t.Helper()
	onStage(t, func(t *testing.T, s *stage) {
		c.Command = []string{"staged"}
		stand := newStand(c, s.e.Addrs(), s.e.Dial)
		stand.start, stand.nowhere = s.starting(defect), "nowhere:1"
		results, err = stand.conform(t.Context())
	})
	return results, err
}

// A right adapter in Go passes all checks, and offers everything.
func TestConformHonest(t *testing.T) {
	for _, recipe := range ConformRecipes() {
		t.Run(recipe, func(t *testing.T) {
			t.Parallel()
			results, err := conformed(t, honest, Conformance{Recipes: []string{recipe}})
			must.Do(t, err)
			allOK(t, results)
		})
	}
}

func allOK(t *testing.T, results []Result) {
	t.Helper()
	for _, r := range results {
		if r.Outcome != OK {
			t.Errorf("%s %s: %s %s", r.Recipe, r.Check, r.Outcome, r.Detail)
		}
	}
}

// Conform starts a program, and an ensemble that the program can reach. The other tests imitate the program
// inside the test process; only a real process shows that the operating system behaves like that.
func TestConformProcess(t *testing.T) {
	command, env := faking(t, honest)
	results, err := Conform(t.Context(), Conformance{
		Command: command, Env: env, Recipes: []string{models.Queue.Name}, Patience: time.Minute,
		only: []string{"garbage", "end-of-input", "quit", "reopen", "freeze", "restart", "normal"},
	})
	must.Do(t, err)
	allOK(t, results)
	if len(results) != 8 {
		t.Errorf("%d results: %v", len(results), results)
	}
}

// Checks that run at once have the same results, and take less time.
func TestConformAtOnce(t *testing.T) {
	var names [2][]string
	var took [2]time.Duration
	for i, atOnce := range []int{0, 8} {
		var first, last time.Time
		results, err := conformed(t, honest, Conformance{
			Recipes: []string{models.Lock.Name, models.Queue.Name, models.Barrier.Name}, AtOnce: atOnce,
			OnResult: func(r Result) {
				if last = time.Now(); r.Check == "make" && first.IsZero() {
					first = last
				}
			},
		})
		must.Do(t, err)
		allOK(t, results)
		for _, r := range results {
			names[i] = append(names[i], r.Recipe+" "+r.Check)
		}
		slices.Sort(names[i])
		took[i] = last.Sub(first) // in virtual time
	}
	if !slices.Equal(names[0], names[1]) || took[1] > took[0]/2 {
		t.Errorf("one after the other, in %s: %q; at once, in %s: %q", took[0], names[0], took[1], names[1])
	}
}

// Exactly the recipes that can be served can be checked.
func TestEveryServedRecipeIsChecked(t *testing.T) {
	if served, checked := slices.Sorted(maps.Keys(own.Recipes)), ConformRecipes(); !slices.Equal(served, checked) {
		t.Errorf("served %q, checked %q", served, checked)
	}
}

// The checks meant for a defect find it, and their results name it.
func TestConformFindsDefects(t *testing.T) {
	tests := []struct {
		defect string
		recipe string
		checks string // the checks that must fail; checks that are not named here are not made
		says   string
	}{
		{"says hello", models.Lock.Name, "normal", `printed a line that is not part of the protocol: no reply: "acquired!"; the end of its standard error: a fake, says hello`},
		{"answers nothing after open", models.Lock.Name, "touch make", `no answer within`},
		{"dies at acquire", models.Lock.Name, "normal", `ended by itself: exit status 3; the end of its standard error: .*out of memory`},
		{"dies of garbage", models.Lock.Name, "garbage", `ended by itself: exit status 2; .*planted: cannot read this`},
		{"wrong id", models.Lock.Name, "normal", `answered request 10\d\d, which was never sent`},
		{"answers twice", models.Lock.Name, "normal", `answered request \d+ twice`},
		{"ok and error", models.Lock.Name, "normal", `neither ok nor error nor event, or more than one`},
		{"ignores cancel", models.Lock.Name, "cancel open-cancel", `no answer.* within`},
		{"ignores an early cancel", models.Election.Name, "cancel-at-once", `acquire was cancelled: no answer within`},
		{"ignores an early cancel", models.Queue.Name, "cancel-at-once", `no answer within`},
		{"ignores an early cancel", models.Barrier.Name, "cancel-at-once", `no answer within`},
		{"ignores an early cancel", models.DoubleBarrier.Name, "cancel-at-once", `no answer within`},
		{"never lost", models.Lock.Name, "lost", `its loss was not reported`},
		{"lost at release", models.Lock.Name, "normal", `was reported as lost, but was not`},
		{"unknown event", models.Lock.Name, "normal", `sent an event "Lost"`},
		{"any version", models.Lock.Name, "version", `was answered with ok, but should be an error with the code "version"`},
		{"offers more", models.Lock.Name, "make", `offers "fencing"; what can be offered here is`},
		{"no token", models.Lock.Name, "normal", `acquire was answered without the fence`},
		{"same token", models.Lock.Name, "normal contend", `the fencing token did not rise`},
		{"lives on", models.Lock.Name, "end-of-input", `after the end of its input`},
		{"does not quit", models.Lock.Name, "quit", `no answer to quit within`},
		{"quits with a crash", models.Lock.Name, "quit", `.`},
		{"leaves its session", models.Lock.Name, "quit-gives-back", `the session was not closed`},
		{"knows everything", models.Lock.Name, "unknown-op", `should be an error with the code "unknown-op"`},
		{"does everything", models.Lock.Name, "unknown-operation unknown-op", `should be an error with the code "unknown-op"`},
		{"another value", models.Lock.Name, "normal", `answered acquire with a value that is none: "7"`},
		{"quits for good", models.Lock.Name, "reopen", `ended by itself: exit status 0`},
		{"one at a time", models.Lock.Name, "ping-waiting overlap", `no answer within`},
		{"text items", models.Queue.Name, "items", `dequeued .*, enqueued was`},
		{"no marks", models.Queue.Name, "marks", `children of its znode have "entry" in their names`},
		{"drops priorities", models.PriorityQueue.Name, "normal", `dequeued .*, enqueued was`},
		{"drops due times", models.DelayQueue.Name, "normal", `dequeued .*, enqueued was`},
		{"feigns touch", models.Lock.Name, "touch", `nothing was written`},
		{"two holders", models.Lock.Name, "contend", `acquire did not wait: another client holds it`},
		{"cancels in name", models.Lock.Name, "cancel", `after a cancelled acquire`},
		{"cancels in name", models.Queue.Name, "cancel", `dequeue: no answer`},
		{"another leader", models.Election.Name, "leader", `"" leads; client 0 says "x"`},
		{"leads in advance", models.Election.Name, "leader", `"" leads; client 0 says "0"`},
		{"waits alone", models.DoubleBarrier.Name, "normal cancel", `enter did not wait: the other party has not come`},
		{"lets pass", models.Barrier.Name, "normal cancel", `await did not wait: the barrier is raised`},
	}
	for _, tt := range tests {
		t.Run(tt.defect+" "+tt.recipe, func(t *testing.T) {
			t.Parallel()
			checks := strings.Fields(tt.checks)
			results, err := conformed(t, tt.defect, Conformance{Recipes: []string{tt.recipe}, only: checks})
			must.Do(t, err)
			for _, r := range results {
				named := slices.Contains(checks, r.Check)
				if failed := r.Outcome == Failed; failed != named {
					t.Errorf("%s: %s %s", r.Check, r.Outcome, r.Detail)
				}
				if named && !regexp.MustCompile(tt.says).MatchString(r.Detail) {
					t.Errorf("%s: %s", r.Check, r.Detail)
				}
			}
			for _, c := range checks {
				if !slices.ContainsFunc(results, func(r Result) bool { return r.Check == c }) {
					t.Errorf("check %s was not made", c)
				}
			}
		})
	}
}

// A program that does not open cannot be checked: the first result says why.
func TestConformStopsAtOpen(t *testing.T) {
	for defect, says := range map[string]string{
		"does not open":   "did not answer to open within",
		"no version":      "names no version of the protocol in its answer to open; this zklab speaks 2",
		"another version": "speaks version 3 of the protocol; this zklab speaks 2",
	} {
		results, err := conformed(t, defect, Conformance{})
		if err == nil || len(results) != 1 || !strings.Contains(results[0].Detail, says) {
			t.Errorf("%s: %v, %+v", defect, err, results)
		}
	}
}

// Conform ends when its context does, with the results that it has until then.
func TestConformIsInterrupted(t *testing.T) {
	command, env := faking(t, honest)
	ctx, cancel := context.WithCancel(t.Context())
	results, err := Conform(ctx, Conformance{Command: command, Env: env, Patience: time.Minute, OnResult: func(r Result) {
		if r.Check == "garbage" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(results) == 0 || results[len(results)-1].Check != "garbage" {
		t.Errorf("%v, %+v", err, results)
	}
}

// documentation returns the text about adapters, with each recipe's page.
func documentation(t *testing.T) (all string) {
	t.Helper()
	recipes, err := filepath.Glob("../../docs/recipes/*.md")
	if err != nil || len(recipes) == 0 {
		t.Fatal(recipes, err)
	}
	for _, path := range append(recipes, "../../docs/adapters.md", "../../docs/adapter-protocol.md") {
		page := must.Get(os.ReadFile(path))(t)
		all += string(page)
	}
	return all
}

// Every check, code and operation is in the documentation.
func TestDocumented(t *testing.T) {
	doc := documentation(t)
	all := append(slices.Clone(suites), &suite{recipe: program, checks: programChecks})
	for _, s := range all {
		for _, c := range s.checks {
			if !regexp.MustCompile(`(?m)^\|.*\|.*\b` + c.name + `\b.*\|.*\|$`).MatchString(doc) {
				t.Errorf("check %s of %s is not documented", c.name, s.recipe)
			}
		}
	}
	words := slices.Concat(contracts.Locks.Offers(), []string{
		contracts.OfferLeader, opOpen, opMake, opCall, opClose, opTouch, opPing, opCancel, opQuit, offerTouch, eventLost,
		history.CodeError, contracts.CodeBadRequest, codeUnknown, codeVersion, codeUnsupported,
	}, ConformRecipes())
	for _, code := range contracts.Codes() {
		if code != history.CodeTimeout { // the harness's side gives that code
			words = append(words, code)
		}
	}
	d := ownObjects(t)
	for recipe, served := range d {
		words = append(words, recipe)
		for operation := range served.Operations {
			words = append(words, operation)
		}
	}
	for _, w := range words {
		if !strings.Contains(doc, "`"+w+"`") {
			t.Errorf("%q is not documented", w)
		}
	}
}

// ownObjects returns an object of each recipe, which no test calls.
func ownObjects(t *testing.T) map[string]*subjects.Served {
	t.Helper()
	conn, events, err := zk.Connect([]string{"127.0.0.1:1"}, time.Second, zk.WithLogger(quiet{}))
	must.Do(t, err)
	t.Cleanup(conn.Close)
	c := &subjects.Client{Conn: conn, Events: events, Timeout: time.Second}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	all := map[string]*subjects.Served{}
	for recipe, maker := range own.Recipes {
		s, err := maker(c, "/"+recipe, nil)
		must.Do(t, err)
		if closer, ok := s.Subject.(subjects.Closer); ok {
			t.Cleanup(func() { _ = closer.Close(context.Background()) })
		}
		all[recipe] = s
	}
	return all
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
