package words

import (
	"testing"
	"time"
)

// An overlap of microseconds is not described as one of "0.000 s".
func TestLasting(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                       "0.000 s",
		250 * time.Microsecond:  "0.250 ms",
		time.Millisecond:        "0.001 s",
		11 * time.Second:        "11.000 s",
		1500 * time.Millisecond: "1.500 s",
	} {
		if got := Lasting(d); got != want {
			t.Errorf("%v: %s, not %s", d, got, want)
		}
	}
}
