package checker

import "testing"

// TestFalseBeliefIsMeasured counts windows, their lengths, and what others did
// within them.
func TestFalseBeliefIsMeasured(t *testing.T) {
	r := telling().
		hold(grant{client: 0, inv: 10, ret: 20, release: 200, unheld: true, token: 1}).lost(100, 0, 1, 1).
		hold(grant{client: 1, inv: 11, ret: 40, release: 60, token: 2}).write(1, 45, 2, true, 1).write(1, 50, 2, true, 2).
		hold(grant{client: 2, inv: 12, ret: 70, release: 150, token: 3}).
		write(0, 80, 1, false, 3). // the believer's own is none of others
		write(2, 120, 3, true, 4). // after the loss was told
		hold(grant{client: 1, inv: 160, ret: 170, release: 180, token: 4})
	f := decideOne(t, r.build(), "belief", nil)
	want := map[string]float64{
		"overlaps": 2, "total_seconds": 0.050, "longest_seconds": 0.030, "acquires_by_others": 2, "writes_by_others": 2, "violations": 1,
	}
	for name, n := range want {
		if got := f.figures[name]; got < n-1e-9 || got > n+1e-9 {
			t.Errorf("%s is %v, want %v", name, got, n)
		}
	}
	if want := "client 2 believed from 0.070 s that it held k, while client 0 believed so from 0.020 s: for 0.030 s both"; f.result != Violation || f.reason != want {
		t.Errorf("%s: %s; want the longest window: %s", f.result, f.reason, want)
	}
	one := lock().hold(grant{client: 0, inv: 10, ret: 20, release: 50, token: 1}).write(0, 30, 1, true, 1)
	if f := decideOne(t, one.build(), "belief", nil); f.result != "" || len(f.figures) != 0 {
		t.Errorf("nobody believed wrongly: %+v", f)
	}
}
