package cli

import (
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/measured"
)

// experimentsOf returns the documented commands of the given name, without those in unperformed. Of equal
// commands it returns the first.
func experimentsOf(t *testing.T, name string) (all []docCommand) {
	t.Helper()
	seen := map[string]bool{}
	for _, d := range docCommands(t) {
		d.line = strings.NewReplacer("broken:NAME", "broken:half-multi", "--seed N", "--seed 1").Replace(d.line)
		if strings.HasPrefix(d.line, "zklab "+name+" ") && unperformed[d.line] == "" && !seen[d.line] {
			seen[d.line] = true
			all = append(all, d)
		}
	}
	return all
}

// flagsOf returns the flags of a documented command.
func flagsOf(t *testing.T, d docCommand) *pflag.FlagSet {
	t.Helper()
	cmd, rest, err := zklabRoot().Find(shellWords(t, d.line)[1:])
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err != nil {
		t.Fatalf("%s: %v", d.place, err)
	}
	return cmd.Flags()
}

// simulated returns the arguments of the same experiment in virtual time. Clients in processes of their own
// replace an adapter. If the command sets neither a rate nor times of faults, the rate is low, because the
// load takes most of the time.
func simulated(t *testing.T, d docCommand, instead map[string]string) []string {
	t.Helper()
	flags := flagsOf(t, d)
	args := []string{strings.Fields(d.line)[1], "--json", "--quiet", "--simulate"}
	if recipe := strings.Fields(d.line)[2]; recipe[0] != '-' {
		args = append(args, recipe)
	}
	if limit, _ := flags.GetDuration("time-limit"); limit > 100*time.Second && !strings.Contains(d.line, "@") { // a measurement
		instead = maps.Clone(instead)
		instead["rate"], instead["probe"], instead["time-limit"] = "10", "5", "100s"
	}
	if !flags.Changed("rate") && !strings.Contains(d.line, "@") && !strings.Contains(flags.Lookup("subject").Value.String(), "broken") {
		args = append(args, "--rate=15", "--min-load=5")
	}
	flags.Visit(func(f *pflag.Flag) {
		value, replaced := instead[f.Name]
		switch {
		case f.Name == "subject-command":
			args = append(args, "--clients-as=process")
		case f.Name == "upgrade-to": // an image, perhaps
			args = append(args, "--upgrade-to=3.9")
		case replaced || slices.Contains([]string{"ensemble", "image", "servers", "simulate", "gate", "label", "quiet", "for", "github"}, f.Name),
			slices.Contains([]string{"auth", "tls-ca", "tls-cert", "tls-key"}, f.Name), // TestSecuredRun tests these
			slices.Contains([]string{"control", "others", "plan"}, f.Name),             // the script managed tests these
			strings.HasSuffix(f.Name, "-command"):
		default:
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
		if replaced && value != "" {
			args = append(args, "--"+f.Name+"="+value)
		}
	})
	return args
}

// Each documented experiment is decided, so all its faults take effect. Correct recipes keep their promises,
// and broken ones do not. Of experiments that are repeated, two runs are made.
func TestDocumentedExperiments(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range append(experimentsOf(t, "run"), experimentsOf(t, "sweep")...) {
		args := simulated(t, d, map[string]string{"repeat": "2", "seeds": "1..2", "shard": "", "until-violations": ""})
		switch {
		case strings.HasPrefix(d.line, "zklab sweep ") && !strings.Contains(d.line, "--seeds "):
			args = append(args, "--seeds=1..2")
			if flagsOf(t, d).Changed("config") { // run until each of its faults has been drawn
				args[len(args)-1] = "--seeds=1..8"
			}
		case !strings.Contains(d.line, "--seed") && !strings.Contains(d.line, "--repeat "):
			args = append(args, "--seed=1")
		}
		line := strings.Join(args, " ")
		if seen[line] {
			continue
		}
		seen[line] = true
		t.Run(d.place, func(t *testing.T) {
			t.Parallel()
			want := usage.ExitValid
			if strings.Contains(d.line, "--subject broken") {
				want = usage.ExitViolation
			}
			z := zklabIn{t: t, dir: t.TempDir(), done: map[string]outputOf{}}
			if slices.Contains(args, "--config=experiment.yaml") {
				z.exits(usage.ExitValid, "init")
			}
			cmd := exec.Command("zklab", append(args, "--out", "store")...)
			cmd.Dir = z.dir
			printed, err := cmd.Output()
			if cmd.ProcessState == nil {
				t.Fatal(err)
			}
			if code, why := cmd.ProcessState.ExitCode(), unmet(printed); code != want || why != "" {
				t.Errorf("zklab %s: exit code %d, want %d: %s", line, code, want, why)
			}
		})
	}
	if len(seen) < 40 {
		t.Errorf("only %d experiments", len(seen))
	}
}

// unmet returns what the output of one or several runs reports as not met.
func unmet(printed []byte) string {
	var result struct {
		Assumptions []checker.Assumption
		Why         string
	}
	if err := json.Unmarshal(printed, &result); err != nil {
		return err.Error()
	}
	for _, a := range result.Assumptions {
		if !a.Met {
			result.Why += a.Text
		}
	}
	return result.Why
}

// Each documented gate is about a quantile that the documented number of runs can decide, with one fault in
// each run.
func TestDocumentedGates(t *testing.T) {
	n := 0
	for _, d := range experimentsOf(t, "run") {
		flags := flagsOf(t, d)
		texts, _ := flags.GetStringArray("gate")
		times, _ := flags.GetInt("repeat")
		gates, err := gates.ParseAll(texts, nil, false)
		if err != nil {
			t.Errorf("%s: %v", d.place, err)
		}
		for _, g := range gates {
			if g.Quantile == 0 || !strings.Contains(g.Title(), "failover") {
				continue
			}
			n++
			if needed := measured.Needed(g.Quantile); needed > times {
				t.Errorf("%s: %s is of %d runs, and needs %d", d.place, g.Title(), times, needed)
			}
		}
	}
	if n == 0 {
		t.Error("no gates")
	}
}
