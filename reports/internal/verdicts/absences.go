package verdicts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
)

// Absences describes what the run's ensemble does not support, one line per reason.
func Absences(without []checker.NotAvailable) []string {
	var reasons []string
	kinds := map[string][]string{}               // of a reason
	names := map[checker.NotAvailable][]string{} // of a kind and a reason
	for _, n := range without {
		if kinds[n.Why] == nil {
			reasons = append(reasons, n.Why)
		}
		if !slices.Contains(kinds[n.Why], n.Kind) {
			kinds[n.Why] = append(kinds[n.Why], n.Kind)
		}
		group := checker.NotAvailable{Kind: n.Kind, Why: n.Why}
		names[group] = append(names[group], n.Name)
	}
	plurals := map[string]string{"property": "properties", "fault": "faults"}
	untitled := "evidence" // the reason of this kind needs no name before it
	var lines []string
	for _, why := range reasons {
		var what []string
		for _, kind := range kinds[why] {
			of := names[checker.NotAvailable{Kind: kind, Why: why}]
			if len(of) > 1 && plurals[kind] != "" {
				kind = plurals[kind]
			}
			if kind == untitled {
				kind = ""
			}
			what = append(what, strings.TrimSpace(kind+" "+strings.Join(of, ", ")))
		}
		lines = append(lines, fmt.Sprintf("not available: %s (%s)", strings.Join(what, "; "), why))
	}
	return lines
}

// Unchecked names the properties that were not checked, with the reasons, or returns "".
func Unchecked(without []checker.NotAvailable) string {
	texts := UncheckedProperties(without)
	if len(texts) == 0 {
		return ""
	}
	return "; not checked: " + strings.Join(texts, ", ")
}

// UncheckedProperties names the properties that were not checked, a text for each reason.
func UncheckedProperties(without []checker.NotAvailable) (texts []string) {
	var reasons []string
	names := map[string][]string{}
	for _, n := range without {
		if n.Kind != "property" {
			continue
		}
		if names[n.Why] == nil {
			reasons = append(reasons, n.Why)
		}
		names[n.Why] = append(names[n.Why], n.Name)
	}
	for _, why := range reasons {
		texts = append(texts, fmt.Sprintf("%s (%s)", prose.List(names[why], "and"), why))
	}
	return texts
}
