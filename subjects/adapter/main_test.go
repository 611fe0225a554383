package adapter

import (
	"os"
	"testing"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/subjects"
)

var (
	_ faults.Process  = (*Process)(nil)
	_ subjects.Remote = (*Process)(nil)
)

// The test binary acts as another program if one of these variables is set, and passes
// the value on to it.
const (
	fakeEnv   = "ZKLAB_TEST_FAKE"   // an adapter, with the defect of that name
	parentEnv = "ZKLAB_TEST_PARENT" // a harness; see orphan_test.go
)

var programs = map[string]func(string){fakeEnv: runFake}

func TestMain(m *testing.M) {
	for env, run := range programs {
		if is := os.Getenv(env); is != "" {
			run(is)
			return
		}
	}
	testmain.Main(m)
}
