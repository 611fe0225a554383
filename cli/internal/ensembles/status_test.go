package ensembles

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/status"
)

// A change of an ensemble is shown within two seconds, even while a server does not answer at all.
func TestStatusFollowsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := statusFlags{timeout: time.Second, interval: time.Second}
		ctx, cancel := context.WithCancel(t.Context())
		begin, out := time.Now(), new(strings.Builder)
		change := begin.Add(time.Millisecond) // just after the first request for the status
		looks := 0
		err := f.follow(ctx, out, func() status.Ensemble {
			e := status.Ensemble{Health: status.Degraded}
			if time.Now().After(change) {
				e.Health = status.Down
			}
			time.Sleep(f.timeout)
			if looks++; e.Health == status.Down {
				cancel()
				if late := time.Since(change); late > 2*time.Second {
					t.Errorf("%s late, by look %d", late, looks)
				}
			}
			return e
		})
		if err != nil || looks != 2 {
			t.Errorf("%d looks, %v:\n%s", looks, err, out)
		}
	})
}
