package object

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/nils"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Object declares a kind of object. S is the subject under test: one client uses one S for each object, and
// calls it from one goroutine at a time. An S with a method Close(ctx context.Context) error is closed at the
// end.
type Object[S any] struct {
	// Name is the name in histories, folders and reports: lower-case words with hyphens. zklab's
	// own recipes (lock, queue, …) keep their own names.
	Name string
	// About describes the object in a few words.
	About string
	// New makes the subject of one client for the object at a znode. The parent of path exists; path itself
	// does not before the first subject makes it. After a crash, the client's new process calls New again.
	// Package subjects has the rules for subjects. [OnConn] makes it from a constructor of your own.
	New func(c *subjects.Client, path string) (S, error)
	// OneSession means that a subject works no longer than its session. After the session expired, the client calls
	// New again, and goes on with that subject. Without it, a subject that answers nothing more from then on violates
	// the property recovers.
	OneSession bool
	// Operations lists what clients call. At least one has a weight.
	Operations []Operation[S]
	// Rules lists what the object promises. All must hold; at least one is needed.
	Rules []Rule
	// Exercise says what must have happened for a valid verdict to mean something. Default: each operation
	// that is drawn was answered at least once, calls of different clients overlapped at least ten times,
	// and every final operation was answered at the end.
	Exercise []Need

	text string // of the file that declares the object; "" if a program does
	at   place  // in that file
}

// Rule is a promise of an object: see [Sequential], [Property], [Porcupine], [Exclusive], [Queue], [Owned], [Fenced], [Distinct]
// and [Rising].
type Rule interface {
	// rules may declare what operations do.
	rules(operations []*operation) ([]declared.Rule, error)
	where() place
}

// OnConn makes the New of an [Object] from a constructor that takes the client's connection.
func OnConn[S any](construct func(conn *zk.Conn, path string) (S, error)) func(*subjects.Client, string) (S, error) {
	if construct == nil {
		return nil
	}
	return func(c *subjects.Client, path string) (S, error) { return construct(c.Conn, path) }
}

// Workload returns the object as the workload of an experiment. If the declaration has mistakes, the
// experiment reports the first one when it begins, with its file and line, and runs nothing. A mistake
// of the object as a whole is reported at the line that calls Workload.
func (o Object[S]) Workload() workloads.Workload {
	if o.at == "" {
		o.at = here()
	}
	var m mistakes
	all := o.operations(&m)
	m.note(o.at, o.mistake(all))
	rules := o.rules(all, &m)
	needs := o.needs(all, &m)
	model := models.Model{Name: o.Name, About: o.About, OnZnodes: true}
	var w workload
	var signatures []string
	for _, d := range all {
		signatures = append(signatures, d.signature())
		if d.traits.Begins {
			model.Stay = "held"
		}
		model.Operations = append(model.Operations, d.model())
		d.load.Declared = string(d.at)
		w.Mix.Operations = append(w.Mix.Operations, d.load)
	}
	declaration := declared.New(model, signatures, needs, rules...)
	declaration.Text, declaration.Expression = o.text, "declaration.Workload() // declaration is your object.Object"
	w.Mix.Declaration, w.Mix.OneSession = declaration, o.OneSession
	w.Mix.New = func(c *subjects.Client, path string) (any, error) {
		if err := c.Connected(); err != nil {
			return nil, err
		}
		return o.New(c, path)
	}
	if m.first == nil {
		at, err := declaration.Try(w.calls())
		m.note(place(at), err)
	}
	declaration.Mistake = told(m.first, o.Name)
	return w
}

// mistakes keeps the first mistake in a declaration.
type mistakes struct{ first error }

// note records a mistake at a place of the source. It does nothing if err is nil.
func (m *mistakes) note(at place, err error) {
	if m.first == nil && err != nil {
		m.first = at.wrong(err)
	}
}

// operations returns copies of the operations as they are declared.
func (o Object[S]) operations(m *mistakes) (all []*operation) {
	for i, op := range o.Operations {
		if nils.Is(op) {
			m.note(o.at, fmt.Errorf("operation %d is nil: leave it out", i+1))
			continue
		}
		d := *op.declared()
		all = append(all, &d)
	}
	return all
}

// rules returns the rules about the operations, each with a name of its own.
func (o Object[S]) rules(all []*operation, m *mistakes) (rules []declared.Rule) {
	for i, r := range o.Rules {
		if nils.Is(r) {
			m.note(o.at, fmt.Errorf("rule %d is nil: leave it out", i+1))
			continue
		}
		more, err := r.rules(all)
		m.note(r.where(), err)
		for _, rule := range more {
			switch {
			case slices.ContainsFunc(rules, func(other declared.Rule) bool { return other.Name() == rule.Name() }):
				m.note(r.where(), fmt.Errorf("two rules are called %q: rename one, or leave it out", rule.Name()))
			case rule.Taken():
				m.note(r.where(), fmt.Errorf("a rule is called %q, as a property that every object has: rename it", rule.Name()))
			}
			rules = append(rules, rule)
		}
	}
	for _, d := range all {
		if !d.ruled && o.text == "" { // a file says nothing of the operations that it does not name
			m.note(d.at, fmt.Errorf("no rule says anything of operation %q: name it in one, or leave it out", d.name))
		}
	}
	return rules
}

// needs returns Exercise, or the usual needs of the operations if nothing is declared.
func (o Object[S]) needs(all []*operation, m *mistakes) []Need {
	if o.Exercise == nil {
		return usualNeeds(all)
	}
	for _, n := range o.Exercise {
		switch {
		case n.Count == nil || n.What == "":
			m.note(o.at, fmt.Errorf("the need %q of Exercise has no What, or nothing that counts it", n.What))
		case n.Operation != "" && !slices.ContainsFunc(all, func(d *operation) bool { return d.name == n.Operation }):
			m.note(o.at, fmt.Errorf("the need %q of Exercise is about operation %q, which is none of the operations of the object", n.What, n.Operation))
		}
	}
	return o.Exercise
}

// told returns a mistake in one line, or nil if there is none.
func told(err error, object string) error {
	var m mistake
	if !errors.As(err, &m) {
		return nil
	}
	return fmt.Errorf("%sobject %q: %w", m.at, object, m.error)
}

// Maker makes the subjects in a program that is a client's process. The program passes it to adapter.Serve (package
// subjects/adapter) under the name of the object, and is the Command of the experiment.
func (o Object[S]) Maker() subjects.Maker {
	w := o.Workload().(workload)
	if err := w.Declared().Err(); err != nil {
		return func(*subjects.Client, string, json.RawMessage) (*subjects.Served, error) { return nil, err }
	}
	return w.Maker()
}

var goodName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// mistake returns the first thing that is wrong with the object itself and its operations.
func (o Object[S]) mistake(all []*operation) error {
	switch {
	case !goodName.MatchString(o.Name):
		return fmt.Errorf("the name %q is not made of lower-case words with hyphens, such as id-generator", o.Name)
	case models.Known(o.Name):
		return fmt.Errorf("the name %q is taken by a recipe of zklab's: choose another one", o.Name)
	case o.New == nil:
		return errors.New("its New is nil: give a function that makes the subject of one client")
	case len(o.Rules) == 0:
		return errors.New("there is no rule, so nothing can be decided: add one to Rules")
	}
	drawn := false
	for i, op := range all {
		drawn = drawn || op.load.Weight > 0
		if op.wrong != nil {
			return op.at.wrong(op.wrong)
		}
		if err := op.ages(); err != nil {
			return op.at.wrong(err)
		}
		if slices.ContainsFunc(all[:i], func(other *operation) bool { return other.name == op.name }) {
			return op.at.wrong(fmt.Errorf("two operations are called %q: rename one", op.name))
		}
	}
	if !drawn {
		return errors.New("no operation has a weight, so clients would call nothing: give one a weight above 0")
	}
	return nil
}

// workload is an object as a workload.
type workload struct{ workloads.Mix }

// calls returns some calls of each operation, with which the rules can be tried; nil if their
// arguments cannot be drawn.
func (w workload) calls() (all []*declared.Call) {
	defer func() {
		if recover() != nil { // the run says why
			all = nil
		}
	}()
	for number := range int64(8) {
		operations, arguments, err := w.Try(number + 1)
		if err != nil {
			return nil
		}
		for i, o := range operations {
			all = append(all, &declared.Call{Operation: o.Name(), Argument: arguments[i]})
		}
	}
	return all
}

// Start makes the subjects.
func (w workload) Start(ctx context.Context, env *workloads.Env) (workloads.Run, error) {
	if err := w.Declared().Err(); err != nil {
		return nil, err
	}
	return w.Mix.Start(ctx, env)
}
