package screen

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// count formats a number, with commas between thousands.
func count[N int | int32 | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	sign, digits := "", s
	if strings.HasPrefix(s, "-") {
		sign, digits = "-", s[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// size formats a number of bytes, in at most 8 characters.
func size[N int | int32 | int64](n N) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// hexa formats a zxid or a session as in the logs of servers.
func hexa(n int64) string { return fmt.Sprintf("%#x", uint64(n)) }

// plural returns "1 znode" or "12 znodes".
func plural[N int | int32 | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + one + "s"
}

// span formats a duration in its largest two units.
func span(d time.Duration) string {
	switch s := int64(d / time.Second); {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	default:
		return fmt.Sprintf("%d h %02d min", s/3600, s/60%60)
	}
}
