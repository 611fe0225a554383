//go:build campaign

package gozookeeper

import (
	"testing"

	"github.com/zklab/zklab/catalog/gozookeeperlock"
	"github.com/zklab/zklab/catalog/trial"
)

func TestMeasure(t *testing.T) { trial.MeasureOriginal(t, gozookeeperlock.Entry, original) }
