package sweep

import (
	"math/rand/v2"
	"strings"

	"github.com/zklab/zklab/settings"
)

// Choices are what seeds draw from, so that runs of a sweep differ in kind and not in their
// moments alone (Groce et al., "Swarm Testing", 2012: what leaves things out finds what a mix
// of everything hides).
type Choices struct {
	// Faults are items of a fault expression. Of these each seed draws a subset: one in eight
	// none, else about half of them.
	Faults []string
	// Of has the choices of knobs, by name. Of each list one is drawn; a list of one fixes it, of
	// an empty one nothing is drawn.
	Of map[string][]any
}

// UsualChoices are those of a sweep that says nothing else, but for faults: the ones that each
// knob declares. They are around the defaults of a run, and have few clients, which make small runs,
// and many; one key, for which all contend, and several; timeouts shorter than faults, and longer.
func UsualChoices() Choices {
	of := map[string][]any{}
	for _, k := range settings.Knobs {
		if all := k.Choices(); all != nil {
			of[k.Name()] = all
		}
	}
	return Choices{Of: of}
}

// Drawn is what a seed drew; what it had no choice of is zero.
type Drawn struct {
	settings.Settings
	Faults []string
}

// Draw gives what a seed draws: the same each time. Each thing is drawn from a source of its
// own, so that to fix one moves no other.
func Draw(seed int64, c Choices) Drawn {
	d := Drawn{Faults: subset(rand.New(rand.NewPCG(uint64(seed), sourceOfFaults)), c.Faults)}
	for _, k := range settings.Knobs {
		k.Draw(&d.Settings, seed, c.Of[k.Name()])
	}
	return d
}

// sourceOfFaults is none of those of knobs.
const sourceOfFaults = 1

func subset(r *rand.Rand, of []string) (some []string) {
	if len(of) == 0 || r.IntN(8) == 0 {
		return nil
	}
	for _, item := range of {
		if r.IntN(2) == 0 {
			some = append(some, item)
		}
	}
	if some == nil {
		some = []string{of[r.IntN(len(of))]}
	}
	return some
}

// String says it for people.
func (d Drawn) String() string {
	var parts, faults []string
	if len(d.Faults) > 0 {
		faults = append(faults, "faults "+strings.Join(d.Faults, ","))
	}
	for _, k := range settings.Knobs {
		said := k.Said(d.Settings)
		switch {
		case said == "":
		case k.Name() != "fault-interval":
			parts = append(parts, said)
		case faults != nil:
			faults = append(faults, said)
		}
	}
	return strings.Join(append(parts, faults...), ", ")
}
