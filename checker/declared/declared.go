// Package declared holds the declarations of objects that zklab does not know: their
// operations, and the rules by which its histories are decided. Package object makes declarations for
// its users. They travel with the workload and with the histories that it records
// (history.Header.Declared), and package checker decides by them, so two declarations of the same name can
// live in one program.
package declared

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/panics"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
)

// Object is a declaration. It never changes, and is safe for concurrent use.
type Object struct {
	// Text is the file that declares the object (see object.Parse); "" if a program does.
	Text string
	// Mistake is the mistake in the declaration, in one line; nil if there is none.
	Mistake error
	// Expression is the workload in Go.
	Expression string

	model    frame.Model
	rules    []Rule
	identity history.Declaration
}

// Rule decides one property of the histories of an object. It is safe for concurrent use.
type Rule struct {
	property *frame.Property
	picture  frame.Picture                 // nil if there is none
	try      func([]*Call) (string, error) // nil if it cannot be tried; see [Object.Try]
}

// Name returns the name of the property.
func (r Rule) Name() string { return r.property.Name }

// Taken reports whether every object has a property of the rule's name anyway.
func (r Rule) Taken() bool {
	return slices.ContainsFunc(frame.OfEveryObject, func(p *frame.Property) bool { return p.Name == r.Name() })
}

// Property returns the property that the rule declares.
func (r Rule) Property() *frame.Property { return r.property }

// Picture returns the function that draws the rule; nil if there is none.
func (r Rule) Picture() frame.Picture { return r.picture }

// Need is something that must have happened often enough in a run for a valid verdict to mean
// anything.
type Need struct {
	// What names the event in the plural: "calls of next that were answered".
	What string
	// Operation is the operation whose calls are counted; "" if it is not a single one.
	Operation string
	// Least is how often the event must have happened, on all keys together.
	Least int
	// Count returns how often the event happened on a key.
	Count func(*Key) int
}

// New returns the declaration of a kind of object with its rules, in the order of reports. All
// rules have the same needs. operations has the form of [history.Declaration.Operations].
func New(m models.Model, operations []string, needs []Need, rules ...Rule) *Object {
	o := &Object{model: frame.Model{Object: &m}, rules: rules, identity: history.Declaration{Operations: operations}}
	if info, ok := debug.ReadBuildInfo(); ok {
		o.identity.Module = info.Main.Path
	}
	for _, r := range rules {
		p := *r.property
		if p.Exercise == nil {
			decide := p.Decide
			p.Decide = func(ctx context.Context, k *evidence.Key) frame.Finding {
				f := decide(ctx, k)
				countNeeds(&f, needs, keyOf(k))
				return f
			}
			p.Exercise = func(a *evidence.Record, figures map[string]float64) string { return missing(a, needs, figures) }
		}
		o.model.Properties = append(o.model.Properties, &p)
		if r.picture != nil && o.model.Picture == nil {
			o.model.Picture = r.picture
		}
	}
	return o
}

// Unread returns the declaration of objects whose text cannot be read, which judges nothing.
func Unread(name, text string, mistake error) *Object {
	return &Object{Text: text, Mistake: mistake, model: frame.Model{Object: models.Named(name)}}
}

// figure returns the name of the figure that counts a need.
func figure(n Need) string { return strings.ReplaceAll(n.What, " ", "_") }

func countNeeds(f *frame.Finding, needs []Need, k *Key) {
	defer func() {
		if p := recover(); p != nil {
			f.Unknown("a need of the exercise panicked: %v%s", p, panics.Place())
		}
	}()
	for _, n := range needs {
		f.Count(figure(n), float64(n.Count(k)))
	}
}

// missing describes the first need that happened too rarely. It returns "" if all needs are met.
func missing(a *evidence.Record, needs []Need, figures map[string]float64) string {
	for _, n := range needs {
		if few := frame.Few(figures[figure(n)], float64(n.Least), n.What); few != "" {
			return few + noneDone(a, n.Operation)
		}
	}
	return ""
}

// noneDone returns text with the first error of an operation, or "" if a call of it succeeded.
func noneDone(a *evidence.Record, operation string) (text string) {
	calls := 0
	for _, k := range a.Keys {
		for op := range k.EachOp() {
			switch {
			case op.F != operation:
				continue
			case op.Outcome() == history.OK:
				return ""
			case text == "" && op.Return != nil && op.Return.Error != nil:
				text = cmp.Or(op.Return.Error.Message, op.Return.Error.Code)
			}
			calls++
		}
	}
	if text == "" {
		return ""
	}
	return fmt.Sprintf("; none of the %s of %s succeeded, and the first ended with %q", prose.Count(calls, "call"), operation, printable.Text(text, mostText))
}

// Written returns the text that declares the object; "" if a program does. Histories contain the
// text.
func (o *Object) Written() string { return o.Text }

// Err returns the mistake in the declaration, in one line, or nil.
func (o *Object) Err() error { return o.Mistake }

// Source returns a Go expression for the workload, for a test that repeats a run.
func (o *Object) Source() string { return o.Expression }

// Identity returns a value that distinguishes the program's declaration from others of the same
// name. It is nil for a declaration in a file, since a history contains the file's text.
func (o *Object) Identity() *history.Declaration {
	if o.Text != "" {
		return nil
	}
	return &o.identity
}

// Judges returns an error, of one line, if the declaration in a history's header describes other
// objects than this declaration, although the names are the same. Rules may differ: the program
// that judges has its own.
func (o *Object) Judges(of *history.Declaration) error {
	if of == nil {
		return nil
	}
	name := o.model.Object.Name
	if own := o.identity.Module; own != of.Module && own != "" && of.Module != "" {
		return fmt.Errorf("the history is of objects %q that the module %s declares, and this program has those of %s: check it with the program that recorded it", name, of.Module, own)
	}
	for _, operation := range of.Operations {
		if !slices.Contains(o.identity.Operations, operation) {
			return fmt.Errorf("the history is of objects %q with the operation %s, which this program does not declare: check it with the version of the program that recorded it", name, operation)
		}
	}
	return nil
}

// Model returns the operations with their traits and words.
func (o *Object) Model() *models.Model { return o.model.Object }

// Checked returns what package checker decides.
func (o *Object) Checked() frame.Model { return o.model }

// Properties returns the names of the properties that the rules decide, in their order.
func (o *Object) Properties() []string {
	var names []string
	for _, p := range o.model.Properties {
		names = append(names, p.Name)
	}
	return names
}
