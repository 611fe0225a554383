package shrink

import (
	"regexp"
	"slices"
	"strings"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/store"
)

// whom makes each step name the client that it hit: which client held or waited at that moment depends
// on everything that clients did before, so none of that could be left out otherwise.
func (s *shrinker) whom() {
	all := s.with(func(x *store.Experiment) { x.Schedule = slices.Clone(x.Schedule) })
	some := false
	for i, step := range s.best.Schedule {
		if text, ok := s.named(i, step); ok {
			all.Schedule[i].Fault, some = text, true
		}
	}
	if !some || s.try(all) {
		return
	}
	for i, step := range s.best.Schedule {
		if text, ok := s.named(i, step); ok {
			s.try(s.with(func(x *store.Experiment) {
				x.Schedule = slices.Clone(x.Schedule)
				x.Schedule[i].Fault = text
			}))
		}
	}
}

// named returns a step's fault with the name of the one client that it hit. ok is false if the fault
// cannot name one client.
func (s *shrinker) named(i int, step store.Scheduled) (string, bool) {
	hit := s.hit[i+1]
	if len(hit) != 1 || step.Point != "" || oneClient.MatchString(step.Fault) {
		return "", false
	}
	name := string(faults.TheClient(hit[0]))
	for _, text := range spellings(step.Fault, name) {
		if _, err := plan.ParseStep(text, "", plan.Step{At: step.At, For: step.For}); err == nil {
			return text, true
		}
	}
	return "", false
}

// whose matches the option that names the client in faults whose first argument means something
// else.
var whose = regexp.MustCompile(`who=[a-z0-9-]+`)

// spellings returns the ways in which a fault could name a client. Parsing the fault shows which of
// them are valid.
func spellings(fault, name string) []string {
	if whose.MatchString(fault) {
		return []string{whose.ReplaceAllString(fault, "who="+name)}
	}
	parts := strings.Split(fault, ":")
	options := slices.Clone(parts[1:])
	if len(options) > 0 && !strings.Contains(options[0], "=") {
		options = options[1:]
	}
	return []string{
		strings.Join(slices.Concat(parts[:1], []string{name}, options), ":"),
		fault + ":who=" + name,
	}
}
