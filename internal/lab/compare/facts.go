package compare

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
)

// facts are the settings of a run or a sweep, by name.
type facts map[string]string

// Difference is a setting in which groups differ, or the runs of one group.
type Difference struct {
	Name   string   `json:"name"`
	Values []string `json:"values"` // one for each group
}

const (
	drawn    = "drawn by each seed"
	notSet   = "not set"
	notKnown = "not known" // for facts that only runs, or only sweeps, keep
)

// apart lists the settings that may differ between comparable runs.
var apart = []string{"label", "seed", "seeds", "swarm"}

// ofRun returns the facts of a stored run.
func ofRun(x store.Experiment, r *store.Result) facts {
	f := facts{
		"recipe": x.Recipe, "subject": cmp.Or(x.SubjectCommand, x.Subject), "ensemble": x.Ensemble, "image": x.Image, "upgrade-to": x.UpgradeTo,
		"faults": x.Faults.Expression(), "simulate": fmt.Sprint(x.Simulate), "clients-as": cmp.Or(x.ClientsAs, store.Goroutine),
		"ZooKeeper": r.Ensemble.Version, "program": notKnown, sweep.RanBy: x.Zklab,
	}
	if f["faults"] == "" && len(x.Schedule) > 0 {
		f["faults"] = "a schedule of its own"
	}
	if x.Ensemble == "external" {
		f["servers"] = strings.Join(x.Servers, ",") + x.Chroot
	}
	f.knobs(x.Over(settings.Usual()))
	return f
}

// knobs adds the settings with a flag that are not zero.
func (f facts) knobs(s settings.Settings) {
	for _, k := range settings.Knobs {
		if value := reflect.ValueOf(k.Field(&s)).Elem(); !value.IsZero() {
			f[k.Name()] = fmt.Sprint(value.Interface())
		}
	}
}

// contentOf is the prefix of the name of a setting whose value is the content of an experiment file.
const contentOf = "content of "

// ofSweep returns the facts of a sweep, given the versions of its servers. Settings that no flag gave have their
// defaults, or are drawn.
func ofSweep(d *sweep.Description, versions []string) facts {
	f := facts{"ZooKeeper": cmp.Or(strings.Join(versions, unlike), notKnown), "clients-as": notKnown} // the latter depends on the faults, if no flag sets it
	fromFile := slices.ContainsFunc(d.Settings, func(s sweep.Setting) bool { return strings.HasPrefix(s.Name, contentOf) })
	if !fromFile {
		f["ensemble"], f["simulate"] = "embedded", "true"
		f.knobs(settings.Usual())
		for _, k := range settings.Knobs {
			if d.Setting("swarm") != "false" && k.Choices() != nil {
				f[k.Name()] = drawn
			}
		}
	}
	for _, s := range d.Settings {
		f[s.Name] = s.Value
	}
	if s, err := plan.Parse(f["faults"], settings.Usual().FaultInterval); err == nil {
		f["faults"] = store.Faults(s.Items()).Expression() // in the form in which runs keep them
	}
	return f
}

// differences compares the facts of all groups, in the order of their names.
func differences(groups []*Group) []Difference {
	names := map[string]bool{}
	for _, g := range groups {
		for _, f := range g.facts {
			for name := range f {
				names[name] = true
			}
		}
	}
	out := []Difference{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if slices.Contains(apart, name) {
			continue
		}
		d := Difference{Name: name}
		for _, g := range groups {
			d.Values = append(d.Values, g.fact(name))
		}
		if differ(d.Values, !slices.ContainsFunc(groups, func(g *Group) bool { return g.unpaired })) {
			out = append(out, d)
		}
	}
	return out
}

// unlike joins the values of runs in one group.
const unlike = " or "

// differ reports whether values differ between groups or, unless runs are paired by their seeds, within one.
func differ(values []string, paired bool) bool {
	known := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == notKnown })
	return len(slices.Compact(known)) > 1 || !paired && len(known) > 0 && strings.Contains(known[0], unlike)
}

// fact returns the values of a setting in a group, each once.
func (g *Group) fact(name string) string {
	var values []string
	for _, f := range g.facts {
		value := printable.Text(cmp.Or(f[name], notSet), 80)
		if value != notKnown && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	if values == nil {
		return notKnown
	}
	slices.Sort(values)
	return strings.Join(values, unlike)
}
