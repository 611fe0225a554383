package anyprogram

import (
	"os"
	"testing"

	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Acting(parent{m}, programEnv, act) }

// parent makes the test binary act as a program in all processes that the tests start.
type parent struct{ *testing.M }

func (m parent) Run() int {
	os.Setenv(programEnv, "1")
	return m.M.Run()
}
