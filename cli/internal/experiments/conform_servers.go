package experiments

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/conformance"
)

// conformServersFlags say how to reach the servers, and how to print.
type conformServersFlags struct {
	connect connect.Flags
	json    bool
}

var errOneArgument = errors.New("give the servers as one argument: host:port,host:port")

func newConformServers() *cobra.Command {
	var f conformServersFlags
	cmd := &cobra.Command{
		Use:   "servers [host:port,...[/chroot]]",
		Short: "Check that servers keep ZooKeeper's protocol, without faults",
		Long: "Servers runs scripts of requests on the servers of one ensemble, and on embedded servers with the same settings,\n" +
			"which are held to Apache ZooKeeper 3.9 by the same scripts. It tells what clients see otherwise. Everything happens\n" +
			"below one znode, which it creates and removes; clients connect and disconnect, but nothing is done to the servers.\n" +
			"It takes less than a minute. docs/conform.md says which rules the scripts show.\n\n" +
			"Exit codes: 0 all as it should be, 1 something differs, 3 the servers cannot be reached or do not let it work.",
		Example: "  zklab conform servers 127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183\n" +
			"  zklab conform servers zk1:2181,zk2:2181,zk3:2181/test --auth digest:joe:secret --json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return errOneArgument
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := connect.WithServers(cmd, args)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return usage.BadFlag("%s", errOneArgument)
			}
			return f.run(cmd, args[0])
		},
	}
	connect.AddServers(cmd)
	f.connect.AddWithoutSession(cmd.Flags(), "timeout")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result of each script as JSON")
	usage.CompletesFiles(cmd, "auth", "tls-ca", "tls-cert", "tls-key")
	return cmd
}

func (f *conformServersFlags) run(cmd *cobra.Command, servers string) error {
	if err := f.connect.Validate(); err != nil {
		return err
	}
	config, err := f.connect.ConfigOf(servers)
	if err != nil {
		return err
	}
	dial, err := f.connect.Dial()
	if err != nil {
		return err
	}
	target := conformance.Target{
		Servers: config.Servers, Chroot: config.Chroot, Dial: dial, Patience: f.connect.Timeout,
		Name: "zklab-conform-" + strings.ToLower(rand.Text()[:8]),
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	out := cmd.OutOrStdout()
	each := func(r conformance.Result) { printConformance(out, r) }
	if f.json {
		each = nil
	}
	begun := time.Now()
	report, err := conformance.Check(ctx, target, each)
	if report.Left != "" {
		terminal.Warn(cmd, "%s", report.Left)
	}
	if err != nil {
		return f.connect.TLS.WayOut(ctx, target.Servers, err)
	}
	if f.json {
		err = terminal.PrintJSON(out, report)
	} else {
		printConformanceSum(out, report, time.Since(begun))
	}
	if err == nil && report.Count(conformance.Differs) > 0 {
		return usage.VerdictError{Code: usage.ExitViolation}
	}
	return err
}

// printConformance prints the line of a script, and the rule if the servers break it.
func printConformance(w io.Writer, r conformance.Result) {
	fmt.Fprintf(w, "%-9s %s", r.Outcome, r.Script)
	if r.Detail != "" {
		fmt.Fprintf(w, ": %s", printable.Text(r.Detail, 1000))
	}
	fmt.Fprintln(w)
	if r.Outcome == conformance.Differs {
		fmt.Fprintf(w, "%-9s right: %s (%s)\n", "", r.Shows, r.Source)
	}
}

func printConformanceSum(w io.Writer, r conformance.Report, took time.Duration) {
	for _, s := range r.Servers {
		fmt.Fprintf(w, "server %s: %s, ZooKeeper %s\n", s.Addr, s.Role, printable.Text(s.Version, 40))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	verdict := "CONFORMS"
	if r.Count(conformance.Differs) > 0 {
		verdict = "DIFFERS"
	}
	fmt.Fprintf(w, "%s: %d scripts as they should be, %d not, %d left out, in %.0f s\n",
		verdict, r.Count(conformance.OK), r.Count(conformance.Differs), r.Count(conformance.LeftOut), took.Seconds())
}
