package clients

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/recipes"
)

// lockFlags name the lock.
type lockFlags struct {
	holding
	shared, exclusive bool
	permits           int
}

func newLock() *cobra.Command {
	var f lockFlags
	cmd := &cobra.Command{
		Use:   lockName + " PATH [-- PROGRAM ARGUMENT...]",
		Short: "Run a program while holding a lock, or show its holder and waiters",
		Long: "Lock acquires the lock at a znode, runs a program while it holds the lock, releases it, and exits with the\n" +
			"program's exit code. Waiters get the lock in the order in which they came. The program finds\n" +
			"ZKLAB_PATH and ZKLAB_TOKEN in its environment: the znode, and the fencing token, a number that is\n" +
			"higher than that of any earlier holder. If the lock is lost (no server answered for the session timeout), the\n" +
			"program gets the signal --on-lost, and is killed after --grace. Signals are forwarded to the program. The lock is\n" +
			"released when all that the program has started has ended, too.\n" +
			"Without a program it prints the holder of the lock, and the waiters in order.\n\n" +
			"The lock is that of package recipes (newLock). --shared and --exclusive are the two sides of a read-write\n" +
			"lock (NewRWLock); --permits is a semaphore (NewSemaphore), which has no token. To test a lock, see zklab run lock.\n\n" +
			"Exit codes: the program's, 128 plus the number of the signal that ended it, 126 and 127 if it could not be run or was\n" +
			"not found, 75 not acquired (--try, --timeout), 76 the lock was lost, 3 no server or another failure, 64 wrong\n" +
			"usage, 130 interrupted while waiting.",
		Example: "  zklab lock /locks/backup --servers zk1:2181,zk2:2181 -- backup --all\n" +
			"  zklab lock /locks/report --try -- sh -c 'make report'\n" +
			"  zklab lock /locks/backup\n" +
			"  zklab lock /locks/licences --permits 3 --timeout 5m -v -- solver",
		RunE: func(cmd *cobra.Command, args []string) error {
			znode, command, err := pathAndCommand(cmd, args, "/locks/database")
			if err == nil {
				err = f.validate(command, cmd.Flags().Changed("permits"))
			}
			if err != nil {
				return usage.Errorf("%s", err)
			}
			return f.run(cmd, znode, command, f.held)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.try, "try", false, "do not wait for other holders")
	flags.BoolVar(&f.shared, "shared", false, "hold the lock together with other --shared holders")
	flags.BoolVar(&f.exclusive, "exclusive", false, "hold the lock alone, excluding --shared holders")
	flags.IntVar(&f.permits, "permits", 0, "number of holders at a time")
	f.addTo(cmd)
	return cmd
}

func (f *lockFlags) validate(command []string, permits bool) error {
	switch {
	case permits && (f.permits < 1 || f.permits > 1024):
		return errors.New("--permits must be 1 to 1024")
	case f.shared && f.exclusive, f.permits != 0 && (f.shared || f.exclusive):
		return errors.New("--shared, --exclusive and --permits are different locks: give one of them")
	case f.try && f.wait != 0:
		return errors.New("--try and --timeout exclude each other: give one of them")
	case len(command) == 0 && (f.try || f.shared || f.exclusive || f.permits != 0 || f.wait != 0):
		return errors.New("without a program, lock only prints holders and waiters: leave out these flags, or give a program after --")
	}
	return f.holding.validate(command)
}

// held returns the lock that the flags describe.
func (f *lockFlags) held(s *recipes.Client, path string) held {
	switch {
	case f.permits > 0:
		l := recipes.NewSemaphore(s, path, f.permits)
		return held{
			what: "a permit", recipe: "semaphore", instead: "leave out --permits",
			take: l.Acquire, try: l.TryAcquire, release: l.Release, lost: l.Lost,
		}
	case f.shared || f.exclusive:
		l := recipes.NewRWLock(s, path)
		h := held{
			what: "the lock", recipe: "rwlock", instead: "leave out --shared and --exclusive",
			take: l.Lock, try: l.TryLock, release: l.Unlock, lost: l.Lost, token: l.Fence,
		}
		if f.shared {
			h.take, h.try = l.RLock, l.TryRLock
		}
		return h
	}
	l := recipes.NewLock(s, path)
	return held{
		what: "the lock", recipe: "lock", instead: "give --shared or --exclusive for a rwlock, --permits for a semaphore, or another path",
		take: l.Lock, try: l.TryLock, release: l.Unlock, lost: l.Lost, token: l.Fence,
	}
}
