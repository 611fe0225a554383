package storedruns

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
)

// listedFault is the JSON of a fault.
type listedFault struct {
	faults.Kind
	// Available says for each ensemble whether it has the fault.
	Available map[string]bool `json:"available"`
	// With says, for people, what the user must provide: commands that harm the servers of an
	// external ensemble, or a second version.
	With map[string]string `json:"with,omitempty"`
	// Missing says, for people, why an ensemble does not have the fault.
	Missing map[string]string `json:"missing,omitempty"`
	// Processes means that clients must be processes of their own.
	Processes bool `json:"processes,omitempty"`
}

// ensembles lists the ensembles that can be sketched, by their names.
var ensembles = []struct {
	name    string
	starter ensemble.Sketcher
	// bare is the ensemble without the commands, or the second version, that a user can provide.
	bare ensemble.Sketcher
}{
	{backend.InProcess, embedded.Config{UpgradeTo: embedded.V3_9}, embedded.Config{}},
	{backend.InContainers, container.Config{UpgradeTo: container.OfficialImage}, container.Config{}},
	{backend.FromElsewhere, external.Config{Commands: everyCommand}, external.Config{}},
}

var everyCommand = ensemble.Commands{Pause: "pause {id}", Resume: "resume {id}", Kill: "kill {id}", Stop: "stop {id}", Start: "start {id}"}

// listedFaults asks a sketch of each ensemble for each fault.
func listedFaults() ([]listedFault, error) {
	var all []listedFault
	for _, kind := range faults.Kinds() {
		l := listedFault{Kind: kind, Available: map[string]bool{}, With: map[string]string{}, Missing: map[string]string{}}
		for _, e := range ensembles {
			alone, why, err := lacking(kind.Plain(), e.starter)
			if err != nil {
				return nil, err
			}
			l.Available[e.name] = why == nil
			l.Processes = l.Processes || (alone != nil && why == nil)
			if why != nil {
				l.Missing[e.name] = why.Error()
			}
			if err := l.takes(e.name, kind.Plain(), e.bare); err != nil {
				return nil, err
			}
		}
		all = append(all, l)
	}
	return all, nil
}

// takes records that an ensemble has a fault only if the user provides a command or a second version.
func (l *listedFault) takes(name string, f faults.Fault, bare ensemble.Sketcher) error {
	if !l.Available[name] {
		return nil
	}
	_, why, err := lacking(f, bare)
	if why != nil {
		l.With[name] = why.Error()
	}
	return err
}

// lacking returns why an ensemble that is started for a fault does not have it: alone if clients share
// a process, and processes if each client has its own.
func lacking(f faults.Fault, starter ensemble.Sketcher) (alone, processes, err error) {
	if p, ok := f.(faults.Preparing); ok {
		if preparer, ok := starter.(ensemble.Preparer); ok {
			if prepared, ok := preparer.Prepare(p.Needs()).(ensemble.Sketcher); ok {
				starter = prepared
			}
		}
	}
	e, err := starter.Sketch()
	if err != nil {
		return nil, nil, err
	}
	defer e.Close()
	return f.Available(faults.Setting{Ensemble: e}), f.Available(faults.Setting{Ensemble: e, Processes: true}), nil
}

func printFaults(w io.Writer) error {
	all, err := listedFaults()
	if err != nil {
		return err
	}
	return terminal.PrintJSON(w, all)
}

// listFaults prints which ensemble has which fault, then why some do not, then what can follow a
// fault's name.
func listFaults(w io.Writer) error {
	all, err := listedFaults()
	if err != nil {
		return err
	}
	var reasons []string
	t := table(w)
	fmt.Fprintln(t, "FAULT\tEMBEDDED\tCONTAINER\tEXTERNAL\tWHAT IT DOES")
	for _, l := range all {
		fmt.Fprint(t, l.Name)
		for _, e := range ensembles {
			fmt.Fprint(t, "\t", l.cell(e.name, &reasons))
		}
		about := wrapped(l.About, 50)
		fmt.Fprintf(t, "\t%s\n", about[0])
		for _, more := range about[1:] {
			fmt.Fprintf(t, "\t\t\t\t%s\n", more)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for i, reason := range reasons {
		hanging(w, fmt.Sprintf("(%d) ", i+1), reason)
	}
	return listArguments(w, all)
}

// cell returns yes or no, with the number of a reason if there is one. It adds new reasons to the
// list.
func (l listedFault) cell(ensemble string, reasons *[]string) string {
	reason, text := l.Missing[ensemble], "no"
	switch {
	case l.Available[ensemble] && l.With[ensemble] != "":
		reason, text = l.With[ensemble], "yes"
	case l.Available[ensemble] && l.Processes:
		reason, text = "with --clients-as process", "yes"
	case l.Available[ensemble]:
		return "yes"
	}
	i := slices.Index(*reasons, reason)
	if i < 0 {
		i = len(*reasons)
		*reasons = append(*reasons, reason)
	}
	return fmt.Sprintf("%s (%d)", text, i+1)
}

// listArguments prints what may follow each fault's name.
func listArguments(w io.Writer, all []listedFault) error {
	fmt.Fprintln(w, "\nWritten as name{:argument}[@at][+for][/period], separated by commas: pause:leader@10s+5s,kill,expire")
	fmt.Fprintln(w, "\nARGUMENTS")
	width := 0
	for _, l := range all {
		width = max(width, len(l.Name)+3)
	}
	for _, l := range all {
		first := fmt.Sprintf("%-*s", width, l.Name)
		if len(l.Words) > 0 {
			hanging(w, first, strings.Join(l.Words, ", "))
			first = strings.Repeat(" ", width)
		}
		for _, o := range l.Options {
			hanging(w, first, fmt.Sprintf("%s=%s: %s", o.Key, o.Example, o.About))
			first = strings.Repeat(" ", width)
		}
		if len(l.Words)+len(l.Options) == 0 {
			hanging(w, first, "none")
		}
	}
	fmt.Fprintln(w)
	var harsh []string
	for _, l := range all {
		if l.Harsh {
			harsh = append(harsh, l.Name)
		}
	}
	text := plan.AboutAll
	if len(harsh) > 0 {
		text += ", but " + strings.Join(harsh, ", ") + " (they break what recipes rely on)"
	}
	hanging(w, fmt.Sprintf("%-*s", width, "all"), text)
	hanging(w, fmt.Sprintf("%-*s", width, "quiet"), plan.AboutQuiet+"; quiet:20s")
	return nil
}

// lineWidth is the widest line of the list.
const lineWidth = 100

// hanging prints text after a first column, broken to the width.
func hanging(w io.Writer, first, text string) {
	for i, line := range wrapped(text, lineWidth-ansi.StringWidth(first)) {
		if i > 0 {
			first = strings.Repeat(" ", ansi.StringWidth(first))
		}
		fmt.Fprintln(w, strings.TrimRight(first+line, " "))
	}
}

// wrapped breaks text between words.
func wrapped(text string, width int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case ansi.StringWidth(*last)+1+ansi.StringWidth(word) > width:
			lines = append(lines, word)
		default:
			*last += " " + word
		}
	}
	return lines
}
