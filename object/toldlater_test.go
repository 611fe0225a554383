package object_test

import (
	"testing"

	"github.com/zklab/zklab/internal/testkit/ownobjects"
)

// A gate is accused of nothing, although the sessions of its holders end often: between the end of
// a session and the moment at which its client is told of that, the client believes that it is
// inside. Other sessions of the client also end, and say nothing about its hold.
func TestGatesToldLater(t *testing.T) {
	for _, o := range ownobjects.All {
		if o.Breaks != "exclusion" {
			continue
		}
		for _, life := range ownobjects.Lives {
			t.Run(o.Name+"/"+life.Name, func(t *testing.T) {
				out := simulatedOnce(t, lived(o, life, false), "expire:holder/300ms", 6)
				if names := out.Result.Violated(); len(names) > 0 {
					t.Errorf("a right one is accused of %q: %+v", names, out.Result.Verdicts)
				}
			})
		}
	}
}
