package faults_test

import (
	"testing"

	"github.com/zklab/zklab/internal/dockertest"
)

func TestMain(m *testing.M) {
	dockertest.ManyAtOnce(4)
	dockertest.Main(m)
}
