package gokit

import (
	"testing"

	"github.com/zklab/zklab/catalog/gokitsd"
	"github.com/zklab/zklab/catalog/trial"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/workloads"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	testmain.Main(m, goleak.IgnoreTopFunction("github.com/zklab/zklab/internal/virtual/bubble.serve"))
}

var original = workloads.Discovery{New: New}

func TestVerdict(t *testing.T) { trial.Original(t, gokitsd.Entry, original) }
