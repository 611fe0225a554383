package clients

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/guard"
)

// Commands that run without a supervisor, like the shell, since the program that they run may use
// the terminal.
const (
	lockName     = "lock"
	electName    = "elect"
	registerName = "register"
)

// programFlags are the flags of commands that do something while a program runs.
type programFlags struct {
	grace   time.Duration
	verbose bool
}

func (f *programFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(&f.grace, "grace", 10*time.Second, "time for the program to end after a signal before it is killed")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "print each step on standard error")
}

func (f *programFlags) validate() error {
	if f.grace <= 0 {
		return usage.BadFlag("--grace must be more than zero")
	}
	return nil
}

// pathAndCommand returns the arguments before and after "--". like is an example of a path for
// messages.
func pathAndCommand(cmd *cobra.Command, args []string, like string) (znode string, command []string, err error) {
	dash := cmd.ArgsLenAtDash()
	if dash < 0 {
		dash = len(args)
	}
	switch {
	case dash == 0 && len(args) == 0:
		testing := ""
		if cmd.Name() == lockName {
			testing = "; to test the recipe: zklab run lock"
		}
		return "", nil, fmt.Errorf("%s needs the path of a znode, such as %s%s", cmd.Name(), like, testing)
	case dash == 0:
		return "", nil, fmt.Errorf("the path of the znode comes before --: zklab %s %s -- %s", cmd.Name(), like, strings.Join(args, " "))
	case dash > 1:
		return "", nil, fmt.Errorf("the program comes after --: zklab %s %s -- %s", cmd.Name(), args[0], strings.Join(args[1:], " "))
	case dash == 1 && dash == len(args) && cmd.ArgsLenAtDash() == 1:
		return "", nil, errors.New("there is no program after --")
	}
	return args[0], args[dash:], checkZnode(args[0], like)
}

// checkZnode returns an error if a path is not that of a znode below the root.
func checkZnode(znode, like string) error {
	if !strings.HasPrefix(znode, "/") || path.Clean(znode) != znode || znode == "/" {
		return fmt.Errorf("%q is not the path of a znode: give an absolute path such as %s", znode, like)
	}
	return nil
}

// steps returns the function that reports steps on standard error if --verbose is given.
func (f *programFlags) steps(cmd *cobra.Command) func(format string, args ...any) {
	if !f.verbose {
		return func(string, ...any) {}
	}
	return func(format string, args ...any) { terminal.Warn(cmd, format, args...) }
}

// untilReceived returns a context that ends with the first signal that asks for an end; a second such signal
// ends zklab. Other signals, which are only for the program, do nothing. After a call of obtained, signals no
// longer end the context.
func untilReceived(signals <-chan os.Signal, stop func()) (ctx context.Context, obtained func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case s := <-signals:
				if guard.AsksToEnd(s) {
					stop()
					cancel()
					return
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		close(done)
		<-ended
	}
}
