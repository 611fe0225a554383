package checker

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
)

// TestFalseBeliefIsMeasured checks the number of windows, their lengths, and what other
// clients did within them.
func TestFalseBeliefIsMeasured(t *testing.T) {
	r := checktest.Telling().
		Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 200, Unheld: true, Token: 1}).Lost(100, 0, 1, 1).
		Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 40, Release: 60, Token: 2}).Write(1, 45, 2, true, 1).Write(1, 50, 2, true, 2).
		Hold(checktest.Grant{Client: 2, Inv: 12, Ret: 70, Release: 150, Token: 3}).
		Write(0, 80, 1, false, 3). // the believer's own write is not counted among those of others
		Write(2, 120, 3, true, 4). // after the loss was told
		Hold(checktest.Grant{Client: 1, Inv: 160, Ret: 170, Release: 180, Token: 4})
	f := decideOne(t, r.Build(), "belief", nil)
	want := map[string]float64{
		"overlaps": 2, "total_seconds": 0.050, "longest_seconds": 0.030, "acquires_by_others": 2, "writes_by_others": 2, "violations": 1,
	}
	for name, n := range want {
		if got := f.Figures[name]; got < n-1e-9 || got > n+1e-9 {
			t.Errorf("%s is %v, want %v", name, got, n)
		}
	}
	if want := "client 2 believed from 0.070 s that it held k, and client 0 believed the same from 0.020 s: both for 0.030 s"; f.Result != Violation || f.Reason != want {
		t.Errorf("%s: %s; want the longest window: %s", f.Result, f.Reason, want)
	}
	one := checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Token: 1}).Write(0, 30, 1, true, 1)
	if f := decideOne(t, one.Build(), "belief", nil); f.Result != "" || len(f.Figures) != 0 {
		t.Errorf("nobody believed wrongly: %+v", f)
	}
}
