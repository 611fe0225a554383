package gozookeeper

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/zklab/zklab/catalog/gozookeeperlock"
	"github.com/zklab/zklab/catalog/trial"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/workloads"
)

func TestMain(m *testing.M) {
	testmain.Main(m, goleak.IgnoreTopFunction("github.com/zklab/zklab/internal/virtual/bubble.serve"))
}

var original = workloads.Lock{New: New}

func TestVerdict(t *testing.T) { trial.Original(t, gozookeeperlock.Entry, original) }
