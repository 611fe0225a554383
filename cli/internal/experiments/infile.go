package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/store"
)

// wrongContent returns the error of reading a file that the user named. If the file could be read but
// its content is invalid, that is wrong usage.
func wrongContent(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err
	}
	return fmt.Errorf("%w: %w", engine.ErrUsage, err)
}

// inFile returns an error in an experiment. If the wrong value comes from the experiment file, the
// error names its place there.
func (f *Flags) inFile(err error) error {
	var wrong usage.ValueError
	if !errors.As(err, &wrong) || f.Config == "" || f.given != nil && f.given(wrong.Field) {
		return err
	}
	problem := wrong.Problem
	if wrong.Whole {
		problem = ": " + problem
	}
	return usage.Errorf("%s", usage.About(f.of(wrong.Field), problem))
}

// of names a field of the experiment file, with its line and column if the file has it.
func (f *Flags) of(field string) string {
	text := field + " of " + f.Config
	content, err := os.ReadFile(f.Config)
	if err != nil {
		return text
	}
	if place := store.Place(content, field); place != "" {
		text += " " + place
	}
	return text
}
