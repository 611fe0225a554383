package object

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Object declares a kind of object. S is the subject under test: one client uses one S for each object, and
// calls it from one goroutine at a time. An S with a method Close(ctx context.Context) error is closed at the
// end.
type Object[S any] struct {
	// Name is the name in histories, folders and reports: lower-case words with hyphens. zklab's own
	// recipes (lock, queue, …) keep theirs.
	Name string
	// About describes the object in a few words.
	About string
	// New makes the subject of one client for the object at a znode. The parent of path exists; path itself
	// does not before the first subject makes it. After a crash, the client's new process calls New again.
	// Package subjects has the rules for subjects. [OnConn] makes it from a constructor of your own.
	New func(c *subjects.Client, path string) (S, error)
	// Operations are what clients call. At least one has a weight.
	Operations []Operation[S]
	// Rules are what the object promises. All must hold; at least one is needed.
	Rules []Rule
	// Exercise says what must have happened for a valid verdict to mean something. Default: each operation
	// that is drawn was answered at least once, calls of different clients overlapped at least ten times,
	// and every final operation was answered at the end.
	Exercise []Need

	text string // of the file that declares the object; "" if a program does
}

// Rule is a promise of an object: see [Sequential], [Property], [Porcupine], [Exclusive], [Queue], [Distinct]
// and [Rising].
type Rule interface {
	// rules may say of operations what they do.
	rules(operations []*operation) ([]declared.Rule, error)
}

// OnConn makes the New of an [Object] from a constructor that takes the client's connection.
func OnConn[S any](construct func(conn *zk.Conn, path string) (S, error)) func(*subjects.Client, string) (S, error) {
	if construct == nil {
		return nil
	}
	return func(c *subjects.Client, path string) (S, error) { return construct(c.Conn, path) }
}

// Workload returns the object as the workload of an experiment. If the declaration has mistakes, the
// experiment says so when it begins, and runs nothing.
func (o Object[S]) Workload() workloads.Workload {
	w := workload{}
	var all []*operation
	var calls []func(context.Context, any, json.RawMessage) (json.RawMessage, error)
	for i, op := range o.Operations {
		if op == nil || reflect.ValueOf(op).IsNil() {
			w.err = errors.Join(w.err, fmt.Errorf("operation %d is nil", i+1))
			continue
		}
		d := *op.declared()
		all = append(all, &d)
		calls = append(calls, func(ctx context.Context, subject any, argument json.RawMessage) (json.RawMessage, error) {
			return op.invoke(ctx, subject.(S), argument)
		})
	}
	w.err = errors.Join(w.err, o.mistakes(all))
	var rules []declared.Rule
	for _, r := range o.Rules {
		if r == nil {
			w.err = errors.Join(w.err, errors.New("a rule is nil"))
			continue
		}
		more, err := r.rules(all)
		w.err = errors.Join(w.err, err)
		for _, rule := range more {
			if slices.ContainsFunc(rules, func(other declared.Rule) bool { return other.Name() == rule.Name() }) {
				w.err = errors.Join(w.err, fmt.Errorf("two rules are called %q", rule.Name()))
			}
			rules = append(rules, rule)
		}
	}
	m := models.Model{Name: o.Name, About: o.About, OnZnodes: true}
	var signatures []string
	for i, d := range all {
		signatures = append(signatures, d.signature())
		if d.traits.Begins {
			m.Stay = "held"
		}
		m.Operations = append(m.Operations, d.model())
		w.Mix.Operations = append(w.Mix.Operations, workloads.MixedOperation{
			F: d.name, Weight: d.weight, Final: d.final, When: d.when, Argument: d.draw, Call: calls[i],
		})
	}
	needs := o.Exercise
	if needs == nil {
		needs = usualNeeds(all)
	}
	for _, n := range needs {
		if n.Count == nil || n.What == "" {
			w.err = errors.Join(w.err, errors.New("a need of Exercise has no What or no Count"))
		}
	}
	declaration := declared.New(m, signatures, needs, rules...)
	declaration.Text = o.text
	w.Mix.Declaration = declaration
	w.Mix.New = func(c *subjects.Client, path string) (any, error) {
		if err := c.Connected(); err != nil {
			return nil, err
		}
		return o.New(c, path)
	}
	return w
}

// Maker makes the subjects in a program that is a client's process. The program passes it to adapter.Serve (package
// subjects/adapter) under the name of the object, and is the Command of the experiment.
func (o Object[S]) Maker() subjects.Maker {
	w := o.Workload().(workload)
	if err := w.Err(); err != nil {
		return func(*subjects.Client, string, json.RawMessage) (*subjects.Served, error) { return nil, err }
	}
	return w.Maker()
}

var goodName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// mistakes returns what is wrong with a declaration.
func (o Object[S]) mistakes(all []*operation) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case !goodName.MatchString(o.Name):
		wrong("the name %q is not made of lower-case words with hyphens", o.Name)
	case models.Known(o.Name):
		wrong("the name %q is taken by a recipe of zklab's", o.Name)
	}
	if o.New == nil {
		wrong("New is nil")
	}
	if len(o.Rules) == 0 {
		wrong("there is no rule, so nothing can be decided")
	}
	drawn := false
	for i, op := range all {
		drawn = drawn || op.weight > 0
		if op.wrong != nil {
			errs = append(errs, op.wrong)
		}
		if slices.ContainsFunc(all[:i], func(other *operation) bool { return other.name == op.name }) {
			wrong("two operations are called %q", op.name)
		}
	}
	if !drawn {
		wrong("no operation has a weight")
	}
	return errors.Join(errs...)
}

// workload is an object as a workload.
type workload struct {
	workloads.Mix
	err error
}

// Err returns what is wrong with the declaration, in one line, or nil.
func (w workload) Err() error {
	if w.err == nil {
		return nil
	}
	first := w.err
	for {
		joined, ok := first.(interface{ Unwrap() []error })
		if !ok {
			break
		}
		first = joined.Unwrap()[0]
	}
	return fmt.Errorf("object %q: %w", w.Name(), first)
}

// Start makes the subjects.
func (w workload) Start(ctx context.Context, env *workloads.Env) (workloads.Run, error) {
	if err := w.Err(); err != nil {
		return nil, err
	}
	return w.Mix.Start(ctx, env)
}

// Source returns a Go expression for the workload, for the test that repeats a shrunk run.
func (w workload) Source() string {
	return "declaration.Workload() // declaration is your object.Object"
}
