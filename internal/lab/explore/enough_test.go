package explore

import "testing"

// An exploration that Enough ends says why, and how far it came, and is not valid unless each single fault
// was tried.
func TestEnough(t *testing.T) {
	for after, want := range map[int]string{
		0:  "no promise was broken so far by 0 of the 20 single faults at the 8 points of this scenario (0 runs)",
		7:  "no promise was broken so far by 7 of the 20 single faults at the 8 points of this scenario (7 runs)",
		20: "no single fault at any of the 8 points of this scenario breaks a promise (20 runs); 0 % of the pairs were tried (0 runs)",
	} {
		listed := 0
		r := explored(t, &scenario{}, Config{
			Listed: func(r Report) { listed = r.Singles.All },
			Enough: func(r Report) string {
				if r.Singles.Tried == after {
					return "it is late"
				}
				return ""
			},
		})
		_, why := r.Verdict()
		if got := sentence(r); got != want+"; the rest was not tried, since it is late" || listed != 20 || r.Singles.Tried != after || (len(why) > 0) != (after < 20) {
			t.Errorf("after %d of %d: %q, %s", after, listed, why, r)
		}
	}
	if r := explored(t, &scenario{}, Config{Enough: func(r Report) string { return "" }}); r.Ended != "" || !r.Pairs.done() {
		t.Error(r)
	}
	whole := 0
	if r := explored(t, &scenario{}, Config{Singles: true, Enough: func(r Report) string {
		if whole = r.Singles.Tried; whole == 20 {
			return "it is late"
		}
		return ""
	}}); r.Ended != "" {
		t.Errorf("there was nothing left to try: %s", r)
	}
}
