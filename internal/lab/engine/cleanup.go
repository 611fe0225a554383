package engine

import (
	"errors"
	"slices"
)

// cleanup undoes what was opened.
type cleanup []func() error

// add is told how to undo what was just opened.
func (c *cleanup) add(undo func() error) { *c = append(*c, undo) }

// run undoes everything, last first, once. Its error tells what failed beyond known.
func (c *cleanup) run(known error) error {
	var errs []error
	for _, undo := range slices.Backward(*c) {
		if err := undo(); !errors.Is(known, err) {
			errs = append(errs, err)
		}
	}
	*c = nil
	return errors.Join(errs...)
}
