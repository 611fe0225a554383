package sweep

import (
	"math/rand/v2"
	"strings"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/settings"
)

// Choices are the alternatives from which seeds draw, so that runs of a sweep differ in kind and not only in
// timing (Groce et al., "Swarm Testing", 2012: runs that leave features out find what a mix of everything
// hides).
type Choices struct {
	// Faults are items of a fault expression. Each seed draws a subset of them: about half of them,
	// or none for one seed in eight.
	Faults []string
	// Of has the choices of knobs, by name. One value of each list is drawn; a list of one value
	// fixes it, and from an empty list nothing is drawn.
	Of map[string][]any
}

// UsualChoices returns the choices of a sweep without settings of its own, except faults: the ones that each
// knob declares. They are around the defaults of a run, and have few clients, which make small runs, and
// many; one key, for which all clients contend, and several keys; timeouts that are shorter than faults, and
// longer ones.
func UsualChoices() Choices {
	of := map[string][]any{}
	for _, k := range settings.Knobs {
		if all := k.Choices(); all != nil {
			of[k.Name()] = all
		}
	}
	return Choices{Of: of}
}

// Drawn holds the settings that a seed drew. A setting without a choice is zero.
type Drawn struct {
	settings.Settings
	Faults []string
	Aimed  bool // faults come at messages, if they can
}

// Draw returns what a seed draws, the same each time. Each setting is drawn from a source of its
// own, so that fixing one changes no other.
func Draw(seed int64, c Choices) Drawn {
	d := Drawn{Faults: subset(rand.New(rand.NewPCG(uint64(seed), sourceOfFaults)), c.Faults)}
	d.Aimed = len(d.Faults) > 0 && rand.New(rand.NewPCG(uint64(seed), sourceOfAim)).IntN(4) == 0
	for _, k := range settings.Knobs {
		k.Draw(&d.Settings, seed, c.Of[k.Name()])
	}
	return d
}

// The sources of faults differ from those of all knobs.
const (
	sourceOfFaults = 1
	sourceOfAim    = 10
)

// Of returns those faults of a schedule that were drawn.
func (d Drawn) Of(all plan.Schedule) plan.Schedule {
	if all = all.Only(d.Faults); d.Aimed {
		return all.Aimed()
	}
	return all
}

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

// String describes the drawn settings.
func (d Drawn) String() string {
	var parts, faults []string
	if len(d.Faults) > 0 {
		faults = append(faults, "faults "+strings.Join(d.Faults, ","))
		if d.Aimed {
			faults[0] += " at messages"
		}
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
