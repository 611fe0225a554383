package storedruns

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/cli/internal/usage"
)

// parseAge parses a duration, which may also be in days: 24h, 30d.
func parseAge(flag, text string) (time.Duration, error) {
	const day = 24 * time.Hour
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n float64
		if n, err = strconv.ParseFloat(days, 64); err == nil && n < math.MaxInt64/float64(day) {
			d = time.Duration(n * float64(day))
		}
	}
	if err != nil || d <= 0 {
		return 0, usage.Errorf("--%s is %q: give a time above 0, such as 12h or 30d", flag, text)
	}
	return d, nil
}

// parseSince parses a moment: a duration before now, a day or a time.
func parseSince(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	d, err := parseAge("since", text)
	if err != nil {
		return time.Time{}, usage.Errorf("--since is %q: give a duration such as 24h or 7d, a day such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z (days are those of UTC)", text)
	}
	return now.Add(-d), nil
}
