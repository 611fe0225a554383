package checker

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
)

// An acquire that was called before another client was granted the lock, and that waited while the
// other client held it, could have been granted wrongly, just like one that was called later.
func TestAcquiresThatWaitMeetHolders(t *testing.T) {
	for name, waits := range map[string]bool{"waits": true, "is granted before": false} {
		r := checktest.Lock()
		for i := range 10 {
			at := 100 * i
			first, then := checktest.Grant{Client: 1, Inv: at + 10, Ret: at + 30, Release: at + 50}, checktest.Grant{Client: 0, Inv: at + 60, Ret: at + 70, Release: at + 80}
			if waits {
				first, then = checktest.Grant{Client: 1, Inv: at + 12, Ret: at + 60, Release: at + 70}, checktest.Grant{Client: 0, Inv: at + 10, Ret: at + 20, Release: at + 50}
			}
			r.Hold(first).Hold(then)
		}
		want := map[bool]float64{true: 10, false: 0}[waits]
		rep := Run(t.Context(), r.Build(), Options{NoReference: true})
		i := slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "exclusion" })
		if v := rep.Verdicts[i]; v.Figures["contended"] != want {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
