package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/store"
)

// wrongContent is an error of reading a file that was named: what can be read and makes no sense
// is wrong usage.
func wrongContent(err error) error {
	var unread *fs.PathError
	if errors.As(err, &unread) {
		return err
	}
	return fmt.Errorf("%w: %w", engine.ErrUsage, err)
}

// inFile is an error in an experiment, told as one in the experiment file if that has the value.
func (f *runFlags) inFile(err error) error {
	var wrong valueError
	if !errors.As(err, &wrong) || f.config == "" || f.given != nil && f.given(wrong.field) {
		return err
	}
	problem := wrong.problem
	if wrong.whole {
		problem = ": " + problem
	}
	return usageError("%s", about(f.of(wrong.field), problem))
}

// of names a field of the experiment file, with its line and column if the file has it.
func (f *runFlags) of(field string) string {
	text := field + " of " + f.config
	content, err := os.ReadFile(f.config)
	if err != nil {
		return text
	}
	if place := store.Place(content, field); place != "" {
		text += " " + place
	}
	return text
}
