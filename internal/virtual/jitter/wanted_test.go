package jitter

import "testing"

// Jitter is wanted as long as a simulation asks for it, and in no other program.
func TestWantedWhileAskedFor(t *testing.T) {
	wanted := func(want bool) {
		t.Helper()
		if Wanted() != want {
			t.Errorf("wanted: %v", !want)
		}
	}
	wanted(false)
	one, other := Begin(), Begin()
	one()
	wanted(true)
	other()
	wanted(false)
}
