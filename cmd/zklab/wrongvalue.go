package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/zklab/zklab"
)

// valueError is a wrong value of a flag, or of the field of that name in an experiment file.
type valueError struct {
	field   string
	problem string
	// whole says that the problem is a sentence which names the field itself.
	whole bool
}

func (e valueError) Error() string {
	if e.whole {
		return e.problem
	}
	return "--" + e.field + " " + e.problem
}

func (valueError) Unwrap() error { return zklab.ErrUsage }

// inFile is an error in an experiment, told as one in the experiment file if that has the value.
func (f *runFlags) inFile(err error) error {
	var wrong valueError
	if !errors.As(err, &wrong) || f.config == "" || f.given != nil && f.given(wrong.field) {
		return err
	}
	colon := ""
	if wrong.whole {
		colon = ":"
	}
	return usageError("%s of %s%s %s", wrong.field, f.config, colon, wrong.problem)
}

// wrongContent is an error of reading a file that was named: what can be read and makes no sense
// is wrong usage.
func wrongContent(err error) error {
	var unread *fs.PathError
	if errors.As(err, &unread) {
		return err
	}
	return fmt.Errorf("%w: %w", zklab.ErrUsage, err)
}
