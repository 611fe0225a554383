// Package testmain runs the tests of a package and checks that they leave nothing behind. Only tests
// may import it.
//
//	func TestMain(m *testing.M) { testmain.Main(m) }
package testmain

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"sync"

	"go.uber.org/goleak"
)

// Main runs a package's tests, then the functions given to [AtExit], and exits. If the tests passed, it
// fails if goroutines are left, except for those ignored.
func Main(m interface{ Run() int }, ignored ...goleak.Option) {
	code := Run(m)
	if code == 0 {
		if err := goleak.Find(ignored...); err != nil {
			fmt.Fprintln(os.Stderr, "testmain:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Acting is [Main], but where the environment variable env is set, the test binary acts as a command:
// it runs act with its arguments, prints the error, and exits with the code.
func Acting(m interface{ Run() int }, env string, act func(args []string) (code int, err error)) {
	if os.Getenv(env) == "" {
		Main(m)
		return
	}
	code, err := act(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	}
	os.Exit(code)
}

// Run is like [Main], for a package that has another main function: it neither exits nor looks for
// goroutines. It returns the exit code.
func Run(m interface{ Run() int }) (code int) {
	fixSeed()
	collectLess()
	code = m.Run()
	for _, do := range taken() {
		if err := do(); err != nil {
			fmt.Fprintln(os.Stderr, "testmain:", err)
			code = max(code, 1)
		}
	}
	return code
}

var atExit struct {
	sync.Mutex
	all []func() error
}

// AtExit has Main and Run call do after all tests of the package, in the order of the calls of
// AtExit. An error of do fails the package. It is safe for concurrent use.
func AtExit(do func() error) {
	atExit.Lock()
	defer atExit.Unlock()
	atExit.all = append(atExit.all, do)
}

func taken() (all []func() error) {
	atExit.Lock()
	defer atExit.Unlock()
	all, atExit.all = atExit.all, nil
	return all
}

// ManyAtOnce lets more tests run in parallel than there are processors, for a package whose
// tests wait most of the time. Call it before Main. The command line wins.
func ManyAtOnce(n int) {
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(err)
	}
}

// collectLess lets memory grow to five times what is in use before the garbage collector runs, here and
// in the processes that tests start. Most tests make much garbage and keep little: this saves up to a
// third of their processor time. If GOGC is set, it is used instead.
func collectLess() {
	const name, percent = "GOGC", 400
	if os.Getenv(name) != "" {
		return
	}
	debug.SetGCPercent(percent)
	if err := os.Setenv(name, strconv.Itoa(percent)); err != nil {
		panic(err)
	}
}

// fixSeed has rapid, where a package uses it, draw the same each time. The command line wins:
// -rapid.seed=0 draws anything.
func fixSeed() {
	const seed = "rapid.seed"
	if flag.Lookup(seed) == nil {
		return
	}
	if err := flag.Set(seed, "1"); err != nil {
		panic(err)
	}
}
