// Package declared is what a program declares about a kind of object that zklab does not know: its
// operations, and the rules by which its histories are decided. Package object makes declarations for
// its users. They travel with the workload and with the histories that it records
// (history.Header.Declared), and package checker decides by them. Nothing is registered anywhere, so
// two declarations of the same name can live in one program.
package declared

import (
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history/models"
)

// Object is a declaration. It never changes, and is safe for concurrent use.
type Object struct {
	model frame.Model
}

// Rule decides one property of the histories of an object. It is safe for concurrent use.
type Rule struct {
	property *frame.Property
}

// Name returns the name of the property.
func (r Rule) Name() string { return r.property.Name }

// New returns the declaration of a kind of object with its rules, in the order of reports.
func New(m models.Model, rules ...Rule) *Object {
	o := &Object{frame.Model{Object: &m}}
	for _, r := range rules {
		o.model.Properties = append(o.model.Properties, r.property)
	}
	return o
}

// Model returns the operations with their traits and words.
func (o *Object) Model() *models.Model { return o.model.Object }

// Checked returns what package checker decides.
func (o *Object) Checked() frame.Model { return o.model }
