package container

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zklab/zklab/ensemble"
)

// Errors of Start and of faults, to be distinguished with errors.Is. The message around each is one
// line and says what to do.
var (
	ErrNoEngine   = errors.New("no Docker engine answers")
	ErrNoImage    = errors.New("no ZooKeeper image")
	ErrPortTaken  = errors.New("port is taken")
	ErrNoHelper   = errors.New("the image for helpers is absent") // what faults of the network and the disk need
	ErrNotHealthy = ensemble.ErrNotHealthy
)

// oneLine is an error whose message has no line breaks; engines answer with some.
type oneLine struct{ err error }

func (e oneLine) Unwrap() error { return e.err }

func (e oneLine) Error() string {
	var lines []string
	for line := range strings.Lines(e.err.Error()) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// all joins errors on one line; nil when there is none.
func all(errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return oneLine{err}
	}
	return nil
}

// engineErr wraps an error of the engine with what the engine was asked to do.
func engineErr(doing string, err error) error {
	return fmt.Errorf("%s: %w", doing, oneLine{err})
}
