package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/link"
)

// Steps returns a schedule of exactly these steps, at their times or points. Nothing in it is drawn, so
// leaving out one step does not move the others.
func Steps(steps ...Step) Schedule {
	if len(steps) == 0 {
		return nil
	}
	return Schedule{{Order: Given, Steps: steps}}
}

// HasGiven reports whether some steps are given one by one, or aimed, and so known only when they are played. The text
// of the schedule does not express these completely.
func (s Schedule) HasGiven() bool {
	return slices.ContainsFunc(s, func(p Part) bool { return p.Order == Given || p.Order == Aimed })
}

// Check returns an error of one line if a given step cannot be played.
func (s Step) Check() error {
	switch {
	case s.Fault == nil:
		return errors.New("a step needs a fault, such as fault: expire:holder")
	case !s.Point.Zero() && s.At != 0:
		return fmt.Errorf("%s has both a time (%s) and a point (%s): give one of them", s.Fault.Spec(), short(s.At), s.Point)
	case s.At < 0 || s.At > longest:
		return fmt.Errorf("%s begins at %s: give a time from 0s to a week", s.Fault.Spec(), s.At)
	case s.For <= 0 || s.For > longest:
		return fmt.Errorf("%s lasts %s: give a time above 0s, up to a week", s.Fault.Spec(), s.For)
	case s.Lane < 0:
		return fmt.Errorf("%s has lane %d: lanes are numbered from 1, and 0 is none", s.Fault.Spec(), s.Lane)
	case s.Point.Zero():
		return nil
	}
	_, err := faults.PointOf(s.Fault, s.Point)
	return err
}

// ParseStep reads one step: a fault without times, as in [Parse], and the point at which it is
// injected, or "" for a step at a time. Everything else is copied from rest. The error has one line.
func ParseStep(fault, point string, rest Step) (Step, error) {
	s := rest
	x, err := Parse(fault, time.Second)
	if err != nil {
		return s, err
	}
	if !single(x) {
		return s, fmt.Errorf("%q is not a single fault without times, such as expire:holder", brief(fault))
	}
	s.Fault = x[0].Turns[0].Faults[0]
	if point != "" {
		if s.Point, err = link.ParsePoint(point); err != nil {
			return s, fmt.Errorf("%s: %w", s.Fault.Spec(), err)
		}
		if s.Point, err = faults.PointOf(s.Fault, s.Point); err != nil {
			return s, err
		}
	}
	return s, s.Check()
}

// single reports whether a schedule is one fault without any times.
func single(s Schedule) bool {
	if len(s) != 1 || s[0].Order != Mixed || len(s[0].Turns) != 1 {
		return false
	}
	t := s[0].Turns[0]
	return len(t.Faults) == 1 && t.For == 0 && t.Weight == 0
}

// Spec returns the fault as people write it, with its point if it has one, but without times.
func (s Step) Spec() string {
	if s.Point.Zero() {
		return s.Fault.Spec()
	}
	return s.Fault.Spec() + "@" + s.Point.String()
}

// String returns the step as people write it: kill:leader@10s+5s.
func (s Step) String() string {
	if s.Point.Zero() {
		return s.Fault.Spec() + "@" + short(s.At) + "+" + short(s.For)
	}
	return s.Spec() + "+" + short(s.For)
}

// given returns the steps of a part that begin before limit, and all steps at points.
func (p Part) given(limit time.Duration) (steps []Step) {
	for _, s := range p.Steps {
		if s.At < limit {
			s.item = s.String()
			steps = append(steps, s)
		}
	}
	return steps
}

// lastLane returns the highest lane of given steps; lanes of other parts follow.
func (s Schedule) lastLane() (last int) {
	for _, p := range s {
		for _, step := range p.Steps {
			last = max(last, step.Lane)
		}
	}
	return last
}

// lateSteps returns the steps that begin after the load.
func (p Part) lateSteps(limit time.Duration) (texts []string) {
	for _, s := range p.Steps {
		if s.At >= limit {
			texts = append(texts, fmt.Sprintf("%s begins after the time limit of %s", s, short(limit)))
		}
	}
	return texts
}

// stepItems returns the steps of a part as people write them.
func (p Part) stepItems() (items []string) {
	for _, s := range p.Steps {
		items = append(items, strings.Split(s.String(), ",")...)
	}
	return items
}
