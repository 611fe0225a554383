package adapter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble/embedded"
)

// Conformance names the program to check. Command is required.
type Conformance struct {
	Command []string // as in [Config]
	Dir     string
	Env     []string
	Logf    func(format string, args ...any)

	// Recipes are the recipes to check; empty means all. The program must have each one
	// that is named.
	Recipes []string
	// Declared is checked instead of Recipes, if it is not nil.
	Declared *Declared
	// Patience is how long something may take that should come at once; 0 means 10 s.
	Patience time.Duration
	// AtOnce is how many checks of recipes run at once, after those of the program as a whole; 0 means 1. If it
	// is more than 1, the results are in the order in which the checks end.
	AtOnce int
	// OnResult, if not nil, is called with each result at once, by one goroutine at a time.
	OnResult func(Result)

	only []string // checks to make; empty: all
}

// Outcome is the outcome of a check.
type Outcome string

// The three outcomes.
const (
	OK         Outcome = "ok"
	Failed     Outcome = "FAILED"
	NotOffered Outcome = "not offered" // the program need not have it
)

// Result is the result of one check.
type Result struct {
	Recipe  string // "program" for what is not about a recipe
	Check   string
	Outcome Outcome
	Detail  string // why it failed
	Took    time.Duration
}

// program is the Recipe of checks that concern no recipe.
const program = "program"

// Conform checks a program against docs/adapter-protocol.md, on its own embedded ensemble. Each
// check starts the program once or more. Conform returns an error if it could not make the
// checks or ctx ended, with the results until then. It leaves nothing behind.
func Conform(ctx context.Context, c Conformance) ([]Result, error) {
	if err := KnownRecipes(c.Recipes); err != nil {
		return nil, err
	}
	e, err := embedded.Start(embedded.Config{Tick: conformTick})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return newStand(c, e.Addrs(), net.DialTimeout).conform(ctx)
}

// conform makes all checks.
func (s *stand) conform(ctx context.Context) ([]Result, error) {
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	defer s.conn.Close()
	if err := s.run(ctx, &suite{recipe: program, checks: programChecks}); err != nil {
		return s.results, err
	}
	asked := s.asked()
	if err := s.each(len(asked), func(i int) error { return s.run(ctx, asked[i]) }); err != nil {
		return s.results, err
	}
	if !slices.ContainsFunc(s.results, func(r Result) bool { return r.Recipe != program && r.Outcome != NotOffered }) {
		s.tell(Result{Recipe: program, Check: "recipes", Outcome: Failed, Detail: "it has none of " + strings.Join(ConformRecipes(), ", ")})
	}
	return s.results, nil
}

// asked returns the suites of the recipes that may be checked.
func (s *stand) asked() []*suite {
	if s.Declared != nil {
		s.Recipes = []string{s.Declared.Name}
		return []*suite{s.Declared.suite()}
	}
	return suites
}

// KnownRecipes returns an error unless all of the recipes can be checked.
func KnownRecipes(recipes []string) error {
	for _, r := range recipes {
		if !slices.Contains(ConformRecipes(), r) {
			return fmt.Errorf("unknown recipe %q; known are %s", r, strings.Join(ConformRecipes(), ", "))
		}
	}
	return nil
}

// ConformRecipes returns the recipes that can be checked, sorted.
func ConformRecipes() (names []string) {
	for _, s := range suites {
		names = append(names, s.recipe)
	}
	return names
}

// run makes the checks of a recipe, if it is asked for and the program has it.
func (s *stand) run(ctx context.Context, of *suite) error {
	if of.recipe == program {
		for _, c := range of.checks {
			if err := s.make(ctx, of, c); err != nil {
				return err
			}
		}
		return nil
	}
	asked := slices.Contains(s.Recipes, of.recipe)
	if len(s.Recipes) > 0 && !asked {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	there := s.check(ctx, of, check{"make", makes})
	if there.Outcome == NotOffered && asked {
		there.Outcome, there.Detail = Failed, "the program has no such recipe"
	}
	s.tell(there)
	if there.Outcome != OK {
		return context.Cause(ctx)
	}
	checks := append([]check{{"unknown-operation", onObject(refusesOperation)}}, of.checks...)
	return s.each(len(checks), func(i int) error { return s.make(ctx, of, checks[i]) })
}

// each calls do for the numbers below n: one after the other, or all at once if several checks may run at once.
func (s *stand) each(n int, do func(i int) error) error {
	var all errgroup.Group
	if s.AtOnce <= 1 {
		all.SetLimit(1)
	}
	for i := range n {
		all.Go(func() error { return do(i) })
	}
	return all.Wait()
}

// make makes a check and tells its result. It returns an error if no further check can be made.
func (s *stand) make(ctx context.Context, of *suite, c check) error {
	if len(s.only) > 0 && !slices.Contains(s.only, c.name) {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r := s.check(ctx, of, c)
	if ctx.Err() != nil {
		return context.Cause(ctx) // the check may have failed for that reason
	}
	s.tell(r)
	if of.recipe == program && c.name == "open" && r.Outcome != OK {
		return fmt.Errorf("no check can be made: %s", r.Detail)
	}
	return nil
}

func (s *stand) tell(r Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = append(s.results, r)
	s.OnResult(r)
}

// check makes one check, once fewer than AtOnce are under way.
func (s *stand) check(ctx context.Context, of *suite, c check) Result {
	s.running <- struct{}{}
	defer func() { <-s.running }()
	t := &trial{stand: s, suite: of, ctx: ctx, root: s.folder()}
	began := time.Now()
	err := t.finish(caught(func() {
		t.must(t.prepare())
		c.run(t)
	}))
	r := Result{Recipe: of.recipe, Check: c.name, Outcome: OK, Took: time.Since(began)}
	switch {
	case errors.Is(err, errNotOffered):
		r.Outcome = NotOffered
	case err != nil:
		r.Outcome, r.Detail = Failed, err.Error()
	}
	return r
}
