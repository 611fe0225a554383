package adapter

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// conforming begins to check a fake, beside others: most of the time is spent
// waiting. The function that it returns waits for the results.
func conforming(t *testing.T, defect string, c Conformance) func(t *testing.T) []Result {
	t.Helper()
	c.Command, c.Env = faking(t, defect)
	var results []Result
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		atOnce <- struct{}{}
		defer func() { <-atOnce }()
		results, err = Conform(t.Context(), c)
	}()
	return func(t *testing.T) []Result {
		t.Helper()
		if <-done; err != nil {
			t.Fatal(err)
		}
		return results
	}
}

var atOnce = make(chan struct{}, 8)

// An adapter in Go passes all checks, and offers everything.
func TestConformHonest(t *testing.T) {
	results := map[string]func(*testing.T) []Result{}
	for _, recipe := range conformRecipes() {
		results[recipe] = conforming(t, honest, Conformance{Recipes: []string{recipe}})
	}
	for recipe, of := range results {
		t.Run(recipe, func(t *testing.T) {
			for _, r := range of(t) {
				if r.Outcome != OK {
					t.Errorf("%s %s: %s %s", r.Recipe, r.Check, r.Outcome, r.Detail)
				}
			}
		})
	}
}

// Each defect is found by the checks that are there for it, and is told in words
// that name it.
func TestConformFindsDefects(t *testing.T) {
	tests := []struct {
		defect string
		recipe string
		checks string // which must fail; those that are not named here are not made
		says   string
	}{
		{"says hello", recipeLock, "normal", `printed what is not of the protocol: no reply: "acquired!"; the end of its standard error: a fake, says hello`},
		{"answers nothing after open", recipeLock, "touch make", `no answer within`},
		{"dies at acquire", recipeLock, "normal", `ended by itself: exit status 3; the end of its standard error: .*out of memory`},
		{"dies of garbage", recipeLock, "garbage", `ended by itself: exit status 2; .*planted: cannot read this`},
		{"wrong id", recipeLock, "normal", `answered request 10\d\d, which there was not`},
		{"answers twice", recipeLock, "normal", `answered request \d+ twice`},
		{"ok and error", recipeLock, "normal", `neither ok nor error nor event, or more than one`},
		{"ignores cancel", recipeLock, "cancel open-cancel", `no answer.* within`},
		{"ignores an early cancel", recipeElection, "cancel-at-once", `acquire was cancelled: no answer within`},
		{"ignores an early cancel", recipeQueue, "cancel-at-once", `no answer within`},
		{"ignores an early cancel", recipeBarrier, "cancel-at-once", `no answer within`},
		{"ignores an early cancel", recipeDoubleBarrier, "cancel-at-once", `no answer within`},
		{"never lost", recipeLock, "lost", `it was not told to be lost`},
		{"lost at release", recipeLock, "normal", `was told to be lost, and was not`},
		{"unknown event", recipeLock, "normal", `told of an event "Lost"`},
		{"any version", recipeLock, "version", `was answered with ok; it should be an error with the code "version"`},
		{"offers more", recipeLock, "make", `offers "fencing"; what can be offered here is`},
		{"no token", recipeLock, "normal", `answered acquire without the fence that it offers`},
		{"same token", recipeLock, "normal contend", `the fencing token did not rise`},
		{"lives on", recipeLock, "end-of-input", `after the end of its input`},
		{"does not quit", recipeLock, "quit", `no answer to quit within`},
		{"quits with a crash", recipeLock, "quit", `.`},
		{"leaves its session", recipeLock, "quit-gives-back", `its session was not closed`},
		{"knows everything", recipeLock, "unknown-op", `should be an error with the code "unknown-op"`},
		{"one at a time", recipeLock, "ping-waiting overlap", `no answer within`},
		{"text items", recipeQueue, "items", `took .*, put was`},
		{"no marks", recipeQueue, "marks", `children of its znode have "entry" in their names`},
		{"feigns touch", recipeLock, "touch", `nothing was written`},
		{"two holders", recipeLock, "contend", `acquire did not wait: another client holds it`},
		{"cancels in name", recipeLock, "cancel", `after a cancelled acquire`},
		{"cancels in name", recipeQueue, "cancel", `take: no answer`},
		{"another leader", recipeElection, "leader", `"" leads; client 0 says "x"`},
		{"leads in advance", recipeElection, "leader", `"" leads; client 0 says "0"`},
		{"waits alone", recipeDoubleBarrier, "normal cancel", `enter did not wait: the other party has not come`},
		{"lets pass", recipeBarrier, "normal cancel", `await did not wait: the barrier is raised`},
	}
	var all []func(*testing.T) []Result
	for _, tt := range tests {
		all = append(all, conforming(t, tt.defect, Conformance{
			Recipes: []string{tt.recipe}, Patience: 4 * time.Second, only: strings.Fields(tt.checks),
		}))
	}
	for i, tt := range tests {
		t.Run(tt.defect+" "+tt.recipe, func(t *testing.T) {
			checks := strings.Fields(tt.checks)
			results := all[i](t)
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
		"another version": "speaks version 2 of the protocol; this zklab speaks 1",
	} {
		command, env := faking(t, defect)
		results, err := Conform(t.Context(), Conformance{Command: command, Env: env, Patience: time.Second})
		if err == nil || len(results) != 1 || !strings.Contains(results[0].Detail, says) {
			t.Errorf("%s: %v, %+v", defect, err, results)
		}
	}
}

// Conform ends when it is told to, with what it has found until then.
func TestConformIsInterrupted(t *testing.T) {
	command, env := faking(t, honest)
	ctx, cancel := context.WithCancel(t.Context())
	results, err := Conform(ctx, Conformance{Command: command, Env: env, Told: func(r Result) {
		if r.Check == "garbage" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(results) == 0 || results[len(results)-1].Check != "garbage" {
		t.Errorf("%v, %+v", err, results)
	}
}

// Every check, code and operation is in the documentation.
func TestDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/adapters.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for _, s := range suites {
		for _, c := range s.checks {
			if !regexp.MustCompile(`(?m)^\|.*\|.*\b` + c.name + `\b.*\|.*\|$`).MatchString(doc) {
				t.Errorf("check %s of %s is not documented", c.name, s.recipe)
			}
		}
	}
	words := slices.Concat(objectOps, electionOffers, []string{
		opOpen, opMake, opTouch, opPing, opCancel, opQuit, offerTouch, eventLost,
		codeError, codePanic, codeBadRequest, codeUnknown, codeVersion, codeUnsupported,
	}, conformRecipes())
	for _, c := range codes {
		if c.code != "timeout" { // of this side
			words = append(words, c.code)
		}
	}
	for _, w := range words {
		if !strings.Contains(doc, "`"+w+"`") {
			t.Errorf("%q is not documented", w)
		}
	}
}
