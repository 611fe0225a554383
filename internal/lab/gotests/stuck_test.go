package gotests

import "testing"

// Stuck seeds end the test only when they are many of the tried seeds.
func TestGiveUp(t *testing.T) {
	for _, test := range []struct {
		stuck, ended int
		spins, want  bool
	}{
		{stuck: 2, ended: 0},
		{stuck: manyStuck, ended: 0, want: true},
		{stuck: manyStuck, ended: manyStuck, want: true},
		{stuck: manyStuck, ended: 13},
		{stuck: mostStuck - 1, ended: 40},
		{stuck: mostStuck, ended: 40, want: true},
		{stuck: 1, ended: 40, spins: true, want: true},
	} {
		u := unheld{count: test.stuck, spins: test.spins}
		if got := u.giveUp(test.ended); (got != "") != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
