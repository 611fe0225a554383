package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
)

// Zxid returns a zxid for people.
func Zxid(z uint64) string { return history.ID(z).String() }

// At returns a moment for people: seconds since the run began.
func At(t time.Duration) string {
	switch t {
	case math.MaxInt64:
		return "the end"
	case math.MinInt64:
		return "the start"
	}
	return fmt.Sprintf("%.3f s", t.Seconds())
}

// Lasting returns a length of time for people.
func Lasting(d time.Duration) string {
	if 0 < d && d < time.Millisecond {
		return fmt.Sprintf("%.3f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.3f s", d.Seconds())
}

// WithToken returns " with token 0x1a4", or "" for 0.
func WithToken(t history.ID) string {
	if t == 0 {
		return ""
	}
	return " with token " + t.String()
}

// Some joins the first few names, and adds how many more there are.
func Some(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
}

// Number returns a number in digits.
func Number(n int) string { return strconv.Itoa(n) }
