//go:build campaign

package gokit

import (
	"testing"

	"github.com/zklab/zklab/catalog/gokitsd"
	"github.com/zklab/zklab/catalog/trial"
)

func TestMeasure(t *testing.T) { trial.MeasureOriginal(t, gokitsd.Entry, original) }
