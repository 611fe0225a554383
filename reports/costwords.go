package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/stats"
)

// costWords says what operations cost on average. It returns "" if that is unknown.
func costWords(c *stats.Cost) string {
	if c == nil {
		return ""
	}
	var parts []string
	for _, f := range slices.Sorted(maps.Keys(c.Operations)) {
		o := c.Operations[f]
		text := label(f, 20) + " " + average(o.Requests, o.OK, "request")
		if o.Events > 0 {
			text += ", " + average(o.Events, o.OK, "watch event")
		}
		parts = append(parts, text)
	}
	if h := herdWords(c.Herd); h != "" {
		parts = append(parts, h)
	}
	return strings.Join(parts, "; ")
}

// herdWords says how many watch events a release or a write caused. It returns "" if there was none.
func herdWords(h *stats.Herd) string {
	if h == nil {
		return ""
	}
	return fmt.Sprintf("herd %s per %s", average(h.Events, h.OK, "watch event"), h.Of)
}

// average formats a mean with its noun: "1 request", "2.5 requests".
func average(sum, n int, noun string) string {
	text := digits(mean(sum, n))
	if text != "1" {
		noun += "s"
	}
	return text + " " + noun
}

func mean(sum, n int) float64 { return float64(sum) / float64(max(n, 1)) }
