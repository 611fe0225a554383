package container

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
)

// What is lost begins in the middle of a file, or with one: that file is shortened, or goes, and all files after it go.
func TestLosing(t *testing.T) {
	records := []logRecord{{0x11, 0x11, 50}, {0x12, 0x11, 80}, {0x13, 0x13, 40}, {0x14, 0x13, 90}, {0x21, 0x21, 60}}
	for n, want := range [][]string{
		{"remove 2 log.11", "remove 2 log.13", "remove 2 log.21"},
		{"shorten 2 log.11 50", "remove 2 log.13", "remove 2 log.21"},
		{"remove 2 log.13", "remove 2 log.21"},
		{"shorten 2 log.13 40", "remove 2 log.21"},
		{"remove 2 log.21"},
		nil,
	} {
		if diff := cmp.Diff(want, losing(2, records, n)); diff != "" {
			t.Errorf("%d are kept: %s", n, diff)
		}
	}
}

// Zxids are unsigned: those of the later epochs come last.
func TestLater(t *testing.T) {
	for _, tt := range []struct{ a, b, want history.ID }{{1, 2, 2}, {2, 1, 2}, {-1, 1, -1}} {
		if got := later(tt.a, tt.b); got != tt.want {
			t.Errorf("later of %#x and %#x: %#x", uint64(tt.a), uint64(tt.b), uint64(got))
		}
	}
}
