package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/store"
)

// valueError is a wrong value of a flag, or of the field of that name in an experiment file.
type valueError struct {
	field   string
	problem string
	// whole means that the problem is a sentence which names the field itself.
	whole bool
}

func (e valueError) Error() string {
	if e.whole {
		return e.problem
	}
	return about("--"+e.field, e.problem)
}

// about puts a problem behind what it is about. Some begin with a colon.
func about(what, problem string) string {
	if strings.HasPrefix(problem, ":") {
		return what + problem
	}
	return what + " " + problem
}

func (valueError) Unwrap() error { return engine.ErrUsage }

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

// noUsage is an error in what a stored run says of its experiment. Nobody wrote that on this
// command line: it is no wrong usage.
func noUsage(err error) error {
	if !errors.Is(err, engine.ErrUsage) {
		return err
	}
	return errors.New(oneLine(err))
}

// wrongContent is an error of reading a file that was named: what can be read and makes no sense
// is wrong usage.
func wrongContent(err error) error {
	var unread *fs.PathError
	if errors.As(err, &unread) {
		return err
	}
	return fmt.Errorf("%w: %w", engine.ErrUsage, err)
}
