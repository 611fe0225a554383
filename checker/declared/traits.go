package declared

import (
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/traits"
)

// Hold names the operations that begin and end an exclusive hold.
type Hold = traits.Hold

// Exclusive returns the rules of a lock for operations of other names. The rules themselves decide
// whether they were exercised.
func Exclusive(h Hold) []Rule { return rules(traits.Exclusive(h)...) }

// Items names the operations that put items in and take them out.
type Items = traits.Queue

// Queued returns the rules of a queue for operations of other names.
func Queued(q Items) []Rule { return rules(traits.Queued(q)...) }

// Distinct returns the rule that no two answers of an operation on a key are equal.
func Distinct(operation string) []Rule { return rules(traits.Distinct(operation)) }

// Rising returns the rule that no answer of an operation on a key is less than an earlier one.
func Rising(operation string) []Rule { return rules(traits.Rising(operation)) }

// rules wraps properties of zklab as rules that the program declared.
func rules(properties ...*frame.Property) (all []Rule) {
	for _, p := range properties {
		own := *p
		own.Declared = true
		all = append(all, Rule{property: &own})
	}
	return all
}
