package contend

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// contenderOf returns a contender with a number.
func contenderOf(seq int32) znodes.Node {
	n, ok := znodes.Parse(fmt.Sprintf("%s-lock-%010d", strings.Repeat("0f", 16), seq), "lock")
	if !ok {
		panic("parse")
	}
	return n
}

func TestNearestPastTheWrap(t *testing.T) {
	order := []int32{math.MaxInt32 - 1, math.MaxInt32, math.MinInt32, math.MinInt32 + 1}
	var list []znodes.Node
	for _, seq := range order { // contenders of different clients
		n := contenderOf(seq)
		n.ID = n.Name
		list = append(list, n)
	}
	for i, own := range list {
		for most := 1; most <= 4; most++ {
			got, err := nearest(list, own, nil, most)
			if want := list[max(0, i-most):i]; err != nil || !slices.Equal(got, want) {
				t.Errorf("%d ahead of %d: %v, %v, want %v", most, own.Seq, got, err, want)
			}
		}
	}
}

func TestNearestLeavesOutOwnAndSkipped(t *testing.T) {
	other := contenderOf(1)
	other.ID = "other"
	own := contenderOf(3)
	list := []znodes.Node{contenderOf(0), other, contenderOf(2), own}
	if got, err := nearest(list, own, nil, 2); err != nil || !slices.Equal(got, []znodes.Node{other}) {
		t.Errorf("ahead: %v, %v", got, err)
	}
	if got, err := nearest(list, own, map[string]bool{other.Name: true}, 2); err != nil || len(got) > 0 {
		t.Errorf("ahead but for the skipped one: %v, %v", got, err)
	}
	if _, err := nearest(list[:3], own, nil, 1); !errors.Is(err, failures.ErrRemoved) {
		t.Errorf("own not there: %v", err)
	}
}
