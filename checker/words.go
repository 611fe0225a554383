package checker

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
)

// at is a moment for people: seconds since the run began.
func at(t time.Duration) string {
	switch t {
	case never:
		return "the end"
	case always:
		return "the start"
	}
	return fmt.Sprintf("%.3f s", t.Seconds())
}

// lasting is a length of time for people.
func lasting(d time.Duration) string {
	if 0 < d && d < time.Millisecond {
		return fmt.Sprintf("%.3f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.3f s", d.Seconds())
}

// withToken is " with token 0x1a4", or nothing.
func withToken(t history.ID) string {
	if t == 0 {
		return ""
	}
	return " with token " + t.String()
}

// count is "1 key" or "5 keys".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	switch {
	case strings.HasSuffix(one, "ss"):
		return fmt.Sprintf("%d %ses", n, one)
	case strings.HasSuffix(one, "y") && !strings.HasSuffix(one, "ey"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(one, "y"))
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// some joins names, and says how many more there are past the first few.
func some(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
}

func itoa(n int) string { return strconv.Itoa(n) }
