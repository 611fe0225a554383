package words

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/samples"
)

// Fairness describes how the grants were shared among the clients. It returns "" if that is unknown, or
// if only one client asked.
func Fairness(f *stats.Fairness) string {
	if f == nil || len(f.Clients) < 2 {
		return ""
	}
	var grants []int
	for _, c := range f.Clients {
		grants = append(grants, c.Grants)
	}
	least, most := slices.Min(grants), slices.Max(grants)
	text := prose.Grouped(least) + " to " + Plural(most, "grant") + " per client"
	if least == most {
		text = Plural(most, "grant") + " for each client"
	}
	return text + fmt.Sprintf("; %s of %s went to a client that had asked later than a waiting one",
		prose.Grouped(f.Overtook), prose.Grouped(f.Grants)) + mostOvertakenWords(f.Overtook, f.MostOvertaken)
}

func mostOvertakenWords(overtook, most int) string {
	if overtook == 0 {
		return ""
	}
	return fmt.Sprintf(", at most %s during one wait", prose.Grouped(most))
}

// Belief describes how much false belief there was, and what it led to. It returns "" if that is
// unknown.
func Belief(b *samples.Belief) string {
	if b == nil {
		return ""
	}
	text := "no two clients believed at the same time that they held"
	if b.Windows > 0 {
		text = fmt.Sprintf("%s of false belief, %s in all, the longest %s", Plural(b.Windows, "window"), prose.Length(b.Total), prose.Length(b.Longest))
	}
	if b.Writes == 0 {
		return text
	}
	return text + fmt.Sprintf("; a resource that checks tokens refuses %s of %s", prose.Grouped(b.Refused), Plural(b.Writes, "guarded write"))
}

// SharedInSweep describes how all runs of a sweep shared the object, in parts of a sentence.
func SharedInSweep(s *samples.Samples) (texts []string) {
	if f := s.Fairness; f != nil && f.Grants > 0 {
		text := fmt.Sprintf("%s of %s went to a client that had asked later than a waiting one", prose.Grouped(f.Overtook), Plural(f.Grants, "grant"))
		text += mostOvertakenWords(f.Overtook, f.MostOvertaken)
		texts = append(texts, text)
	}
	if words := Belief(s.Belief); words != "" {
		texts = append(texts, words)
	}
	return texts
}
