package faults_test

import (
	"testing"

	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) {
	testmain.ManyAtOnce(4)
	testmain.Main(m)
}
