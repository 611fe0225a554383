package usage

import (
	"strings"

	"github.com/zklab/zklab/internal/lab/engine"
)

// ValueError is a wrong value of a flag, or of the field of that name in an experiment file.
type ValueError struct {
	Field   string
	Problem string
	// Whole means that the problem is a sentence which names the field itself.
	Whole bool
}

func (e ValueError) Error() string {
	if e.Whole {
		return e.Problem
	}
	return About("--"+e.Field, e.Problem)
}

// About joins what a problem is about and the problem, which may begin with a colon.
func About(what, problem string) string {
	if strings.HasPrefix(problem, ":") {
		return what + problem
	}
	return what + " " + problem
}

func (ValueError) Unwrap() error { return engine.ErrUsage }

// NotNegative is the text of the problem with a number below 0.
const NotNegative = "must not be negative"
