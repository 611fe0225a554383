package ensembles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/tools/control"
)

// statusFlags name the ensemble to query, how, and how often.
type statusFlags struct {
	controlFlags
	tls      connect.TLS
	admin    string
	timeout  time.Duration
	watch    bool
	interval time.Duration
	wait     string
	patience time.Duration
}

// waitFor has the values of --wait, with the states that end the wait.
var waitFor = map[string][]status.Health{
	"healthy": {status.Healthy},
	"serving": {status.Healthy, status.Degraded},
	"down":    {status.Down},
}

// statusCommand returns the command status, whose flags fill in f.
func statusCommand(f *statusFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status [host:port,...]",
		Short: "Show the state of an ensemble's servers",
		Long: "Status queries each server with four-letter words: role, epoch and zxid, how far it lags behind,\n" +
			"connections, packets received and sent, outstanding requests, latency (min, mean and max), sessions, watches,\n" +
			"znodes, disk. It reports words that a server does not allow (4lw.commands.whitelist); --admin queries the admin\n" +
			"server instead. It writes nothing and opens no session.\n\n" +
			"Without servers it shows the ensemble that \"zklab ensemble up\" runs: which server leads, is paused, is down.\n\n" +
			"Status names a server whose tree differs from the others': its digests do not match the leader's, or it has\n" +
			"a different number of znodes at the same zxid.\n\n" +
			"Exit codes, with servers: 0 all serve, 1 a majority serves but not all, or a tree differs, 2 no majority serves; with\n" +
			"--wait: 0 the state was reached, else as before. 3 no ensemble is running, 64 wrong usage.",
		Example: "  zklab ensemble status 127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183\n" +
			"  zklab ensemble status 127.0.0.1:2181 --wait healthy --timeout 30s\n" +
			"  zklab ensemble status 127.0.0.1:2181,127.0.0.1:2182 --watch",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("give the servers as one argument: host:port,host:port")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := connect.WithServers(cmd, args)
			if err != nil {
				return err
			}
			if err := f.validate(cmd, args); err != nil {
				return err
			}
			if len(args) == 0 && !f.watch && f.wait == "" {
				return f.ask(cmd, control.Status)
			}
			addrs, err := f.addrs(args)
			if err != nil {
				return err
			}
			return f.show(cmd, addrs)
		},
	}
	f.controlFlags.add(cmd)
	f.tls.AddTo(cmd.Flags())
	connect.AddServers(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.admin, "admin", "", "ports of the admin servers, queried for what four-letter words do not tell: one port for all servers, or one each, as 8080,8081,8082")
	flags.DurationVar(&f.timeout, "ask-timeout", time.Second, "time to wait for each server's answer")
	flags.BoolVar(&f.watch, "watch", false, "show the status repeatedly (in a pipe, after each change)")
	flags.DurationVar(&f.interval, "interval", time.Second, "time between queries (with --watch and --wait)")
	flags.StringVar(&f.wait, "wait", "", "wait until the ensemble is healthy (all servers serve), serving (a majority serves) or down")
	flags.DurationVar(&f.patience, "timeout", 30*time.Second, "longest time to wait (with --wait)")
	usage.Completes(cmd, "wait", usage.ChoiceOf(slices.Sorted(maps.Keys(waitFor))...))
	usage.CompletesFiles(cmd, "tls-ca", "tls-cert", "tls-key")
	return cmd
}

func (f *statusFlags) validate(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) > 0 && f.name != "":
		return usage.Errorf("--name names an ensemble that zklab runs: leave out %s", args[0])
	case f.wait != "" && waitFor[f.wait] == nil:
		return usage.Errorf("--wait %.40q: wait for healthy, serving or down", f.wait)
	case f.wait != "" && f.watch:
		return usage.Errorf("--wait and --watch exclude each other: give one of them")
	case f.wait == "" && cmd.Flags().Changed("timeout"):
		return usage.Errorf("--timeout needs --wait: the timeout of a server's answer is --ask-timeout")
	case f.timeout < 10*time.Millisecond || f.interval < 10*time.Millisecond || f.patience < 0:
		return usage.Errorf("--ask-timeout and --interval are 10ms or more, --timeout is not negative")
	}
	return f.tls.Load()
}

// addrs returns the addresses of the servers: those given, or those of the running ensemble.
func (f *statusFlags) addrs(args []string) ([]string, error) {
	if len(args) == 1 {
		if _, err := strconv.Atoi(args[0]); err == nil {
			return nil, usage.Errorf("%s is not an address: give host:port,..., or nothing for the ensemble that zklab runs", args[0])
		}
		addrs, chroot, err := external.Parse(args[0])
		if err == nil && chroot != "" {
			err = fmt.Errorf("a server's status has no chroot: leave out %s", chroot)
		}
		if err != nil {
			return nil, usage.Errorf("%s", connect.BareReason(err))
		}
		return addrs, nil
	}
	socket, err := control.Find(f.name)
	if errors.Is(err, control.ErrMany) {
		return nil, usage.Errorf("%v", err)
	}
	if err != nil {
		return nil, err
	}
	answer, err := control.Status(context.Background(), socket)
	if err != nil {
		return nil, err
	}
	var addrs []string
	for _, s := range answer.Servers {
		addrs = append(addrs, s.Addr)
	}
	return addrs, nil
}

// queries returns how to query each server.
func (f *statusFlags) queries(addrs []string) ([]status.Query, error) {
	ports := strings.Split(f.admin, ",")
	if f.admin != "" && len(ports) != 1 && len(ports) != len(addrs) {
		return nil, usage.Errorf("--admin has %d ports for %d servers: give one for all servers, or one each", len(ports), len(addrs))
	}
	queries := make([]status.Query, len(addrs))
	for i, addr := range addrs {
		queries[i] = status.Query{Timeout: f.timeout, Dial: f.tls.Dial()}
		if f.admin == "" {
			continue
		}
		port := strings.TrimSpace(ports[min(i, len(ports)-1)])
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, usage.Errorf("--admin %.40q: there is no port %.40q", f.admin, port)
		}
		host, _, _ := net.SplitHostPort(addr)
		queries[i].Admin = "http://" + net.JoinHostPort(host, port)
	}
	return queries, nil
}

// show prints the status once, or after the wait for a state, or repeatedly until it is interrupted.
func (f *statusFlags) show(cmd *cobra.Command, addrs []string) error {
	queries, err := f.queries(addrs)
	if err != nil {
		return err
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	guess := f.guesser(ctx)
	look := func() status.Ensemble { return guess(status.Look(ctx, addrs, queries...)) }
	if f.watch {
		return f.follow(ctx, cmd.OutOrStdout(), look)
	}
	begin := time.Now()
	e, deadline := look(), begin.Add(f.patience)
	for f.wait != "" && !slices.Contains(waitFor[f.wait], e.Health) && time.Now().Before(deadline) && sleepUntil(ctx, begin.Add(f.interval), deadline) == nil {
		begin = time.Now()
		e = look()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := f.printStatus(cmd.OutOrStdout(), e); err != nil {
		return err
	}
	if f.wait != "" && slices.Contains(waitFor[f.wait], e.Health) {
		return nil
	}
	if f.wait != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "error: after %s the ensemble is not %s\n", f.patience, f.wait)
	}
	return healthError(e.Health, f.wait)
}

// guesser returns a function that adds to the errors of a status what listens at the addresses. It asks
// once for each address and error.
func (f *statusFlags) guesser(ctx context.Context) func(status.Ensemble) status.Ensemble {
	client := f.tls.Peer()
	known := make(map[[2]string]string)
	return func(e status.Ensemble) status.Ensemble {
		for i := range e.Servers {
			s := &e.Servers[i]
			if s.State != status.NoAnswer || ctx.Err() != nil {
				continue
			}
			hint, ok := known[[2]string{s.Addr, s.Error}]
			if !ok {
				hint = client.Hint(ctx, s.Addr)
				known[[2]string{s.Addr, s.Error}] = hint
			}
			if hint != "" {
				s.Error += ": it " + hint
			}
		}
		return e
	}
}

// healthError returns an error with the exit code. It is not 0 if the wait for a state failed.
func healthError(h status.Health, waited string) error {
	code := map[status.Health]int{status.Healthy: 0, status.Degraded: 1, status.Down: 2}[h]
	if waited != "" {
		code = max(code, 1)
	}
	if code == 0 {
		return nil
	}
	return usage.VerdictError{Code: code}
}

// follow prints the status until it is interrupted: on a terminal in place, elsewhere whenever
// something other than a number changes.
func (f *statusFlags) follow(ctx context.Context, out io.Writer, look func() status.Ensemble) error {
	live, last := terminal.IsTerminal(out) && !f.json, ""
	for {
		begin := time.Now()
		e := look()
		if ctx.Err() != nil {
			return nil
		}
		var err error
		switch shape := shapeOf(e); {
		case live:
			err = repaint(out, func(w io.Writer) error { return f.printStatus(w, e) })
		case shape != last:
			last = shape
			if !f.json {
				fmt.Fprintln(out, time.Now().Format(time.RFC3339))
			}
			err = f.printStatus(out, e)
		}
		if err != nil || sleepUntil(ctx, begin.Add(f.interval)) != nil {
			return err
		}
	}
}

// sleepUntil sleeps until the earliest of some times. Looks begin one interval apart, even if silent
// servers make each look long.
func sleepUntil(ctx context.Context, times ...time.Time) error {
	return await.Sleep(ctx, time.Until(slices.MinFunc(times, time.Time.Compare)))
}

// shapeOf returns the parts of a status whose change is a reason to print it again.
func shapeOf(e status.Ensemble) string {
	shape := fmt.Sprint(e.Health, e.Leader, e.Epoch, e.Notes)
	for _, s := range e.Servers {
		shape += fmt.Sprint(s.State, s.Role, s.Version)
	}
	return shape
}

// repaint overwrites the previous text on the screen.
func repaint(out io.Writer, print func(io.Writer) error) error {
	var b strings.Builder
	if err := print(&b); err != nil {
		return err
	}
	text := strings.ReplaceAll(b.String(), "\n", ansi.EraseLineRight+"\n") // clears the rest of longer lines
	_, err := io.WriteString(out, ansi.CursorHomePosition+text+ansi.EraseScreenBelow)
	return err
}

func (f *statusFlags) printStatus(w io.Writer, e status.Ensemble) error {
	if f.json {
		return terminal.PrintJSON(w, e)
	}
	w = terminal.Legible(w)
	fmt.Fprintf(w, "%s: %d of %d serve%s\n", e.Health, e.Serving, len(e.Servers), leaderWords(e))
	for _, note := range e.Notes {
		fmt.Fprintf(w, "note: %s\n", printable.Text(note, 400))
	}
	for _, s := range e.Servers {
		if s.Error != "" {
			fmt.Fprintf(w, "note: %s: %s\n", s.Addr, printable.Text(s.Error, 400))
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) // narrow gaps, because there are many columns
	fmt.Fprintln(t, "SERVER\tROLE\tZXID\tBEHIND\tCONNS\tRECEIVED\tSENT\tOUTSTANDING\tMIN/AVG/MAX MS\tSESSIONS\tWATCHES\tZNODES\tDISK\tVERSION")
	for _, s := range e.Servers {
		fmt.Fprintln(t, serverLine(s))
	}
	return t.Flush()
}

func leaderWords(e status.Ensemble) string {
	if e.Leader == "" {
		return ""
	}
	return fmt.Sprintf(", %s leads in epoch %d", e.Leader, e.Epoch)
}

// serverLine returns the line of a server in the table.
func serverLine(s status.Server) string {
	role := string(s.Role)
	if s.State != status.Serving {
		role = string(s.State)
	}
	if s.State == status.NoAnswer || s.State == status.NotServing {
		return s.Addr + "\t" + role + strings.Repeat("\t", 12) // all columns, because tabwriter would otherwise begin another table
	}
	return strings.Join([]string{
		s.Addr, role, s.Zxid.String(), number(s.Behind), strconv.Itoa(s.Connections),
		strconv.FormatInt(s.Received, 10), strconv.FormatInt(s.Sent, 10), number(s.Outstanding),
		fmt.Sprintf("%.0f/%.3g/%.0f", s.Latency[0], s.Latency[1], s.Latency[2]),
		number(s.Sessions), number(s.Watches), number(s.Znodes), bytesOf(s.Disk), printable.Text(s.Version, 40),
	}, "\t")
}

// number formats a number, - if the server does not report it.
func number(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}

func bytesOf(n *int64) string {
	switch {
	case n == nil:
		return "-"
	case *n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(*n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(*n)/(1<<20))
}
