package cli

import (
	"strings"

	"github.com/zklab/zklab/internal/lab/engine"
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

const notNegative = "must not be negative"
