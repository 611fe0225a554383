package sweep

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/link"
)

// Unmet is a request and a kind of fault at messages that could have hit it but never did.
type Unmet struct {
	Request string // with its operation, such as "acquire create"
	Kind    string
}

// Unmet lists the pairs of a request and a fault that never met, although each occurred in some
// run.
func (s *Summary) Unmet() (all []Unmet) {
	for _, row := range s.Matrix().Rows {
		if row.Step == "" {
			continue
		}
		for _, kind := range row.Never() {
			if k, ok := faults.Named(kind); ok && k.Messages()&(link.Requests|link.Replies) != 0 && fits(k, row.Step) {
				all = append(all, Unmet{row.Operation + " " + row.Step, kind})
			}
		}
	}
	return all
}

// fits reports whether a kind of fault can be injected at a request.
func fits(k faults.Kind, step string) bool {
	message, _, _ := strings.Cut(step, " ")
	p := link.Point{Operation: "any", Nth: 1, Message: message, Which: 1}
	_, err := faults.PointOf(k.Plain(), p)
	return err == nil
}

// ToMeet returns the command of a sweep that aims the faults of some pairs at all messages; "" if the sweep has no command.
// The command has no label, since all runs with one label belong to like sweeps.
func (s *Summary) ToMeet(pairs []Unmet) string {
	if s.Description.Command == "" {
		return ""
	}
	var names []string
	for _, p := range pairs {
		if !slices.Contains(names, p.Kind) {
			names = append(names, p.Kind)
		}
	}
	return s.Description.without("faults", "fault-interval", "label") + " --faults aimed," + strings.Join(names, ",") + " --fault-interval 250ms"
}

// without returns the command without some flags.
func (d *Description) without(flags ...string) string {
	command := d.Command
	for _, name := range flags {
		command = strings.Replace(command, " "+printable.Command("--"+name+"="+d.Setting(name)), "", 1)
	}
	return command
}
