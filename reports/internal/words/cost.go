package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats/samples"
)

// Cost describes what operations cost on average. It returns "" if that is unknown.
func Cost(c *samples.Cost) string {
	if c == nil {
		return ""
	}
	var parts []string
	for _, f := range slices.Sorted(maps.Keys(c.Operations)) {
		o := c.Operations[f]
		text := Label(f, 20) + " " + average(o.Requests, o.OK, "request")
		if o.Events > 0 {
			text += ", " + average(o.Events, o.OK, "watch event")
		}
		parts = append(parts, text)
	}
	if h := Herd(c.Herd); h != "" {
		parts = append(parts, h)
	}
	return strings.Join(parts, "; ")
}

// Herd says how many watch events a release or a write caused. It returns "" if there was none.
func Herd(h *samples.Herd) string {
	if h == nil {
		return ""
	}
	return fmt.Sprintf("each %s causes %s", h.Of, average(h.Events, h.OK, "watch event"))
}

// average formats a mean with its noun: "1 request", "2.5 requests".
func average(sum, n int, noun string) string {
	text := prose.Digits(Mean(sum, n))
	if text != "1" {
		noun += "s"
	}
	return text + " " + noun
}

// Mean returns sum divided by n, or sum if n is 0.
func Mean(sum, n int) float64 { return float64(sum) / float64(max(n, 1)) }
