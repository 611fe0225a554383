package prometheus

import (
	"testing"

	"github.com/zklab/zklab/catalog/prometheustree"
	"github.com/zklab/zklab/catalog/trial"
	"github.com/zklab/zklab/workloads"
)

var original = workloads.Cache{New: New}

// A retry that is due after Stop waits for ever, so goroutines stay, and goleak is not used.
func TestVerdict(t *testing.T) { trial.Original(t, prometheustree.Entry, original) }
