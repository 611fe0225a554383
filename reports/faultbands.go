package reports

import (
	"image/color"
	"strconv"

	"github.com/zklab/zklab/stats"
)

// band is how a fault's window is shaded.
func (m *material) band(w stats.Window, u timeUnit, colours map[string]color.NRGBA) band {
	name := w.Spec
	if name == "" {
		name = w.Kind
	}
	group := "fault: " + label(w.Kind, 24)
	if !w.Verified {
		group = ""
	}
	return band{
		from: u.of(w.From), until: u.of(w.Until), colour: colours[w.Kind],
		name: "#" + strconv.Itoa(w.Fault) + " " + label(name, 28), group: group, outline: !w.Verified,
	}
}
