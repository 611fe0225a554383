package storedruns

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/lab/engine"
)

// errNoPath says what a PATH may be.
var errNoPath = errors.New("name a run's folder, latest, or a history file")

func pathArg(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: got %d arguments", errNoPath, len(args))
	}
	return nil
}

// noUsage returns an error in the stored experiment of a run. It is not wrong usage, since the
// value is not from this command line.
func noUsage(err error) error {
	if !errors.Is(err, engine.ErrUsage) {
		return err
	}
	return errors.New(usage.OneLine(err))
}
