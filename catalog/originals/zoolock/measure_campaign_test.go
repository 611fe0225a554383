//go:build campaign

package zoolock

import (
	"testing"

	"github.com/zklab/zklab/catalog/trial"
)

func TestMeasure(t *testing.T) { trial.MeasureProgram(t, Program) }
