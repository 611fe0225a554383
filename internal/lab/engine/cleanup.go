package engine

import (
	"errors"
	"slices"
)

// cleanup is a list of functions that undo what was opened.
type cleanup []func() error

// add adds the function that undoes what was just opened.
func (c *cleanup) add(undo func() error) { *c = append(*c, undo) }

// run undoes everything once, in reverse order. It returns the errors other than known.
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
