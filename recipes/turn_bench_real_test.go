//go:build real

package recipes_test

import (
	"fmt"
	"testing"

	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// BenchmarkRealTurnBeside is BenchmarkTurnBeside on three real servers, where a turn takes as
// long as their quorum does.
func BenchmarkRealTurnBeside(b *testing.B) {
	for _, waiting := range []int{1, 100} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) { measureBeside(b, dockertest.Ensemble(b, 3), waiting) })
	}
}
