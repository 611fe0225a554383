package heaps

import (
	"testing"

	"github.com/zklab/zklab/internal/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }
