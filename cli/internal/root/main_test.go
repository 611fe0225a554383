package root

import (
	"os"
	"testing"

	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/specimens"
)

func TestMain(m *testing.M) {
	if os.Getenv(process.DetachedEnv) != "" { // a test has put this command line into the background
		os.Exit(process.Supervised(func() int { return Execute(specimens.Catalog{}, os.Args[1:], os.Stdout, os.Stderr) }, nil))
	}
	os.Exit(testmain.Run(m)) // it does not look for goroutines: some commands leave theirs to the end of the process
}
