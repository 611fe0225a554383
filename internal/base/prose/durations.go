package prose

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// halfDigit is half of the third digit of 999 of a unit, in thousandths of the unit: from there on the number
// rounds to one of the next unit.
const halfDigit = 500

// Length formats a duration: three significant digits and a unit. A negative one is "none".
func Length(d time.Duration) string {
	switch {
	case d < 0:
		return "none"
	case d == 0:
		return "0"
	case d < time.Microsecond:
		return strconv.FormatInt(int64(d), 10) + " ns"
	case d < time.Millisecond-halfDigit*time.Nanosecond:
		return Digits(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second-halfDigit*time.Microsecond:
		return Digits(float64(d)/float64(time.Millisecond)) + " ms"
	case d < 2*time.Minute:
		return Digits(d.Seconds()) + " s"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// Elapsed formats a duration that people follow while it passes: to a tenth of a second, and from two minutes on as
// [Length] does.
func Elapsed(d time.Duration) string {
	if d >= 2*time.Minute {
		return Length(d)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// Digits formats a number with three significant digits, without zeros at the end.
func Digits(v float64) string {
	switch {
	case v < 10:
		return trimZeros(strconv.FormatFloat(v, 'f', 2, 64))
	case v < 100:
		return trimZeros(strconv.FormatFloat(v, 'f', 1, 64))
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func trimZeros(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }
