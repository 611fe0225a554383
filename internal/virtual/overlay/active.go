package overlay

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
)

// Active reports whether the binary was built with the overlay: whether the runtime's choices in a
// bubble follow from the seed of [cryptotest.SetGlobalRandom]. It finds out by trying, in two bubbles
// of t, and leaves t with a seed: set the wanted seed afterwards. Like SetGlobalRandom, it is not for
// parallel tests, nor for use in a bubble.
func Active(t *testing.T) bool {
	drawn := draws(t, 1)
	return drawn != nil && slices.Equal(drawn, draws(t, 1))
}

// Seed calls [cryptotest.SetGlobalRandom]: until the end of t, random bytes follow from the seed and,
// with the overlay, so do the choices in bubbles that begin from now on. It reports whether that was
// possible: a stock toolchain refuses it to programs that are not tests.
func Seed(t *testing.T, seed uint64) (seeded bool) {
	defer func() {
		if recover() != nil {
			seeded = false
		}
	}()
	cryptotest.SetGlobalRandom(t, seed)
	return true
}

// draws returns numbers drawn in a bubble with a seed, from a source that a stock runtime seeds at
// random.
func draws(t *testing.T, seed uint64) []uint64 {
	drawn := make([]uint64, 32)
	if !Seed(t, seed) {
		return nil
	}
	synctest.Test(t, func(*testing.T) {
		for i := range drawn {
			drawn[i] = rand.Uint64()
		}
	})
	return drawn
}
