package root

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/workloads"
)

// flagGroup is a group of flags that appear together in the help, in this order.
type flagGroup struct {
	name  string
	flags []string
}

// The groups of the flags that describe a run.
var (
	loadFlags     = withKnobs(settings.Load, "subject", "subject-command", "object", "clients-as", "seed", "repeat", "config")
	faultFlags    = withKnobs(settings.Faults, "faults")
	ensembleFlags = withKnobs(settings.Ensemble, "ensemble", "image", "upgrade-to", "ports", "simulate", "servers",
		"auth", "tls-ca", "tls-cert", "tls-key", "control", "others", "plan",
		"pause-command", "resume-command", "kill-command", "stop-command", "start-command", "where-command")
	outputFlags     = withKnobs(settings.Output, "out", "min-load", "gate", "points", "json", "quiet", "verbose", "github")
	holdFlags       = flagGroup{"Hold", []string{"grace", "on-lost", "verbose", "json"}}
	connectionFlags = flagGroup{"Connection", []string{"servers", "connect-timeout", "session-timeout", "auth", "max-frame", "tls-ca", "tls-cert", "tls-key"}}
	serverFlags     = flagGroup{"Servers", []string{
		"tick", "init-limit", "sync-limit", "min-session-timeout", "max-session-timeout", "read-only-mode", "local-sessions",
		"jute-maxbuffer", "reconfig", "ttl", "enforce-quota", "super-digest", "max-client-cnxns", "4lw-commands-whitelist",
	}}
)

// withKnobs returns a group of flags, with the flags of the knobs that belong to the group.
func withKnobs(g settings.Group, flags ...string) flagGroup {
	for _, k := range settings.Knobs {
		if k.Group() == g {
			flags = append(flags, k.Name())
		}
	}
	return flagGroup{string(g), flags}
}

// groupsOf has the groups of flags for commands with many flags.
var groupsOf = map[string][]flagGroup{
	"zklab run":     {loadFlags, faultFlags, ensembleFlags, outputFlags},
	"zklab sweep":   {{"Sweep", []string{"seeds", "swarm", "for", "until-violations", "jobs", "shard"}}, loadFlags, faultFlags, ensembleFlags, outputFlags},
	"zklab matrix":  {{"Matrix", []string{"on", "jobs"}}, loadFlags, faultFlags, ensembleFlags, outputFlags},
	"zklab explore": {{"Exploration", []string{"for", "singles", "first", "jobs", "shard", "page"}}, {"Programs", []string{"listen", "timeout", "only", "times", "max-rate"}}, loadFlags, faultFlags, ensembleFlags, outputFlags},
	"zklab check": {
		{"History of another tool", []string{"model", "format", "columns", "field", "rename", "initial", "initial-of", "nil", "time-unit", "loose-numbers"}},
		{"Checks", []string{"budget", "memory", "strict"}},
		{"Output", []string{"out", "json", "quiet", "verbose", "github"}},
	},
	"zklab lock":     {{"Lock", []string{"shared", "exclusive", "permits", "try", "timeout"}}, holdFlags, connectionFlags},
	"zklab elect":    {{"Election", []string{"id", "timeout"}}, holdFlags, connectionFlags},
	"zklab register": {{"Instance", []string{"address", "id", "data", "grace", "verbose"}}, connectionFlags},
	"zklab discover": {{"List", []string{"watch", "count", "json"}}, connectionFlags},
	"zklab ensemble check": {
		{"Check", []string{"for", "window", "keep", "rate", "metrics"}},
		{"Connection", []string{"servers", "session-timeout", "auth", "tls-ca", "tls-cert", "tls-key"}},
		{"Output", []string{"out", "json", "quiet", "verbose"}},
	},
	"zklab ensemble up": {
		{"Ensemble", []string{"ensemble", "nodes", "observers", "image", "listen", "advertise", "name", "detach", "metrics-port"}},
		serverFlags,
		{"TLS", []string{"tls-cert", "tls-key", "tls-client-ca"}},
		{"Data", []string{"data", "fsync"}},
	},
	"zklab ensemble compose": {{"Ensemble", []string{"nodes", "observers", "image", "listen", "admin-port", "metrics-port", "out"}}, serverFlags},
	"zklab ensemble config": {
		{"Ensemble", []string{"nodes", "observers", "hosts", "listen", "quorum-port", "election-port", "admin-port", "metrics-port", "data-dir", "out"}},
		serverFlags,
	},
}

// onlyValue hides all methods of a flag's value except those of pflag.Value. Otherwise pflag would write
// "[=true|false]" after the name of each flag whose bool can be omitted.
type onlyValue struct{ pflag.Value }

// flagUsages returns the flags in the help of a command.
func flagUsages(cmd *cobra.Command) string {
	left := map[string]*pflag.Flag{}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { left[f.Name] = f })
	var b strings.Builder
	add := func(title string, names []string) {
		set := pflag.NewFlagSet(title, pflag.ContinueOnError)
		set.SortFlags = false
		for _, name := range names {
			if f := left[name]; f != nil {
				shown := *f
				shown.Value = onlyValue{f.Value}
				set.AddFlag(&shown)
				delete(left, name)
			}
		}
		if set.HasAvailableFlags() {
			b.WriteString("\n" + title + ":\n" + set.FlagUsages())
		}
	}
	groups := groupsOf[workloads.Own+strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name())]
	for _, g := range groups {
		add(g.name, g.flags)
	}
	title := "Flags"
	if len(groups) > 0 {
		title = "Other"
	}
	add(title, slices.Sorted(maps.Keys(left)))
	return strings.Trim(b.String(), "\n")
}

// groupFlags makes the help of all commands show flags in groups.
func groupFlags(root *cobra.Command) {
	const usual = "Flags:\n{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}"
	addFlagUsages()
	template := root.UsageTemplate()
	if !strings.Contains(template, usual) {
		panic("cobra's template of a usage is another one")
	}
	root.SetUsageTemplate(strings.Replace(template, usual, "{{flagUsages .}}", 1))
}

// addFlagUsages adds flagUsages to the functions of all templates. It does so once, since cobra
// does not lock them.
var addFlagUsages = sync.OnceFunc(func() { cobra.AddTemplateFunc("flagUsages", flagUsages) })
