package verdicts

import (
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/words"
)

// Measure describes what was measured of a property: how long it lasted, and what other clients did
// meanwhile. It returns "" if there is nothing to tell.
func (p Property) Measure() string {
	if p.measures == nil {
		return ""
	}
	sums := map[string]float64{}
	for _, v := range p.Verdicts {
		for name, n := range v.Figures {
			sums[name] += n
		}
	}
	windows := int(sums["overlaps"])
	if windows == 0 {
		return ""
	}
	seconds := func(name string) string { return prose.Length(time.Duration(sums[name] * float64(time.Second))) }
	lasted := fmt.Sprintf("%s of %s, %s in all, the longest %s", words.Plural(windows, "window"), p.measures.What, seconds("total_seconds"), seconds("longest_seconds"))
	if _, known := sums["acquires_by_others"]; !known {
		return lasted // decided before these were counted
	}
	return lasted + fmt.Sprintf("; meanwhile, other clients made %s and %s", words.Plural(int(sums["acquires_by_others"]), "acquire"), words.Plural(int(sums["writes_by_others"]), "guarded write"))
}
