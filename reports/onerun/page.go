package onerun

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	told "github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

//go:embed templates/report.html.tmpl
var reportTemplate string

var reportPage = pages.New("report", reportTemplate, nil)

// page has the data of the template of report.html.
type page struct {
	*store.Result
	*pages.Explainer
	Style      template.CSS
	Tab        string
	Heading    string
	Sentence   string
	Meaning    string   // of the verdict
	Broken     []broken // the properties whose violations count
	Open       []string // why the verdict is not valid, if nothing was violated
	StoodStill []string // for how long, after faults on servers
	Next       []step
	Overview   *pages.Picture
	Dir        string
	Length     time.Duration
	Properties []verdicts.Property
	Measured   []broken // the properties that did not hold and only measure something
	MoreFound  int      // violations left out
	FaultRows  []faultRow
	MoreFaults int
	Drawn      bool // whether the page has plots
	AddPlots   string
	Plots      []pages.Picture
	Settings   []material.Setting
	Timings    []material.Setting
	Makers     []material.Setting
	Porcupine  []porcupinePage
	Text       string // the full summary
}

// pageOf returns the page of a run. Without plots, it says how to add them.
func pageOf(m *material.Run, plots *pages.Plots, pictures []porcupinePage) ([]byte, error) {
	p := page{
		Result: m.Result, Explainer: pages.NewExplainer(), Style: template.CSS(pages.StyleSheet), Tab: m.Tab(""), Heading: m.Result.Recipe, Sentence: verdicts.Sentence(m.Result), Dir: m.Place, Length: m.End,
		Properties: verdicts.Properties(m.Result), Settings: profile(m.Result), Timings: timings(m.Result), Makers: material.MakersOf(m.Result),
		Porcupine: pictures,
	}
	p.Heading = cmp.Or(p.Heading, "history")
	found, left := counterexamples(m)
	p.MoreFound = left
	for _, b := range brokenBy(m.Result.Recipe, found) {
		if b.First.Measured && !m.Result.Strict {
			p.Measured = append(p.Measured, b)
		} else {
			p.Broken = append(p.Broken, b)
		}
	}
	p.Meaning, p.Open, p.Next = verdicts.Meaning(m.Result), verdicts.OpenReasons(m.Result), nextSteps(m, p.Broken)
	p.StoodStill = words.StoodStill(m.Result)
	p.FaultRows, p.MoreFaults = faultRows(m)
	p.Text = summaryOf(m.Result, &store.Run{Dir: m.Place}, m.History, true, Screen{Full: true, NoTimeline: true})
	if p.Drawn = plots != nil; p.Drawn {
		p.Overview, p.Plots = plots.Overview, plots.Others
	} else {
		p.AddPlots = addPlots(m)
	}
	var buf bytes.Buffer
	err := reportPage().Execute(&buf, p)
	return buf.Bytes(), err
}

// addPlots returns the command that adds the plots to a page. It returns "" if zklab does not know the objects, and the
// program that declares them has no such command.
func addPlots(m *material.Run) string {
	program := cmp.Or(m.Result.Program(), workloads.Own)
	if program == workloads.Own && m.History.Header.Declaration != nil {
		return ""
	}
	return printable.Command(program, "open", m.Place)
}

// counterexamples returns the counterexamples of the violations. It leaves out measured properties that
// have no single events to show; the table of properties has them.
func counterexamples(m *material.Run) (shown []counterexample, left int) {
	found := verdicts.Violations(m.Result.Verdicts)
	if len(found) == 0 {
		return nil, 0
	}
	r := told.Read(m.History)
	for _, v := range found {
		switch {
		case v.Measured && !m.Result.Strict && len(v.Counterexample) == 0:
		case len(shown) == verdicts.MostCounterexamples:
			left++
		default:
			shown = append(shown, counterexampleOf(m.History, r, v))
		}
	}
	return shown, left
}

func profile(r *store.Result) []material.Setting {
	e := r.Ensemble
	if e.Servers == 0 && e.Backend == "" {
		return nil
	}
	out := []material.Setting{{Name: "backend", Value: e.Backend}, {Name: "servers", Value: prose.Grouped(e.Servers)}}
	add := func(name, value string) {
		if value != "" {
			out = append(out, material.Setting{Name: name, Value: value})
		}
	}
	add("servers at", strings.Join(e.Addrs, ", "))
	add("chroot", e.Chroot)
	if c := e.Commands; c != nil {
		add("pause command", c.Pause)
		add("resume command", c.Resume)
		add("kill command", c.Kill)
		add("stop command", c.Stop)
		add("start command", c.Start)
	}
	add("image", e.Image)
	add("digest", e.Digest)
	add("ZooKeeper", e.Version)
	add("upgrade to", e.UpgradeTo)
	if e.Tick > 0 {
		add("tickTime", prose.Length(e.Tick))
	}
	if e.InitLimit > 0 {
		add("initLimit", words.Plural(e.InitLimit, "tick"))
	}
	if e.SyncLimit > 0 {
		add("syncLimit", words.Plural(e.SyncLimit, "tick"))
	}
	add("other settings", strings.Join(e.Settings, ", "))
	return out
}

func timings(r *store.Result) []material.Setting {
	var out []material.Setting
	for _, name := range slices.Sorted(maps.Keys(r.Timings)) {
		out = append(out, material.Setting{Name: name, Value: prose.Length(r.Timings[name])})
	}
	return out
}

// PageOf returns the documentation of a property.
func (p page) PageOf(property string) string { return PageOf(p.Recipe, property) }

// HeldUp describes the stalls of the harness itself.
func (p page) HeldUp() string { return heldUp(p.Stats) }

// Contention describes the share of acquires that met contention.
func (p page) Contention() string {
	if p.Stats.Contended < 0 {
		return ""
	}
	return words.Percent(p.Stats.Contended)
}

// Absences describes what the run's ensemble does not support.
func (p page) Absences() []string { return verdicts.Absences(p.NotAvailable) }

// Kinds returns the kinds of scheduled faults.
func (p page) Kinds() []stats.FaultKind { return p.Stats.FaultKinds }

// Failovers returns the fail-over summaries that have something to tell.
func (p page) Failovers() []stats.FailoverSum {
	return slices.DeleteFunc(slices.Clone(p.Stats.Failovers), func(k stats.FailoverSum) bool {
		return k.All == nil && k.Affected == nil && k.HandOver == nil && k.NoMajority == 0
	})
}

// Simulated reports whether the times of the run are virtual.
func (p page) Simulated() bool { return slices.Contains(p.Ensemble.Settings, "simulated") }

// HasExpiries reports whether sessions were expired.
func (p page) HasExpiries() bool {
	return slices.ContainsFunc(p.Stats.FaultKinds, func(k stats.FaultKind) bool { return k.Holding+k.Waiting+k.Idle > 0 })
}

// OutlastedWords says how many faults of a kind outlasted a session.
func (p page) OutlastedWords(k stats.FaultKind) string { return words.Outlasted(k) }

// HasOutlasted reports whether there were faults that can outlast a session.
func (p page) HasOutlasted() bool {
	return slices.ContainsFunc(p.Stats.FaultKinds, func(k stats.FaultKind) bool { return words.Outlasted(k) != "" })
}

// Strictness says how measured properties count.
func (p page) Strictness() string {
	if p.Strict {
		return "measured; decides, since the run was strict"
	}
	return "measured; does not decide"
}
