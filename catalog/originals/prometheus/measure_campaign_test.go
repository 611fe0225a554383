//go:build campaign

package prometheus

import (
	"testing"

	"github.com/zklab/zklab/catalog/prometheustree"
	"github.com/zklab/zklab/catalog/trial"
)

func TestMeasure(t *testing.T) { trial.MeasureOriginal(t, prometheustree.Entry, original) }
