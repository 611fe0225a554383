package samuel

import (
	"testing"

	"github.com/zklab/zklab/catalog/gozookeeperlock"
	"github.com/zklab/zklab/catalog/trial"
	"github.com/zklab/zklab/workloads"
)

var original = workloads.Lock{New: New}

// Requests on a closed connection of this library wait for ever, so goroutines stay, and goleak is not used.
func TestVerdict(t *testing.T) { trial.Original(t, gozookeeperlock.Entry, original) }
