package ensembles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/paint"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/canary"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/settings"
)

// enough is the default length of a check: enough time for its checks at one operation per second.
const enough = 3 * time.Minute

// checkFlags say which ensemble to check, and how.
type checkFlags struct {
	canary.Config
	access  ensemble.Access
	metrics string
	json    bool
	quiet   bool
}

func newCheck() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check host:port,...[/chroot]",
		Short: "Watch a live ensemble for a while, without faults: does it keep its promises, and who waits?",
		Long: "Check uses a lock and a register on an ensemble that others use, at one operation a second each, and injects\n" +
			"nothing. Clients' histories are checked as those of zklab run. It tells what happens by itself, a line each: another\n" +
			"leader, a server that does not answer, a session that moves or expires, writes that fail or become slow, and how\n" +
			"long no write succeeded.\n\n" +
			"It writes below one znode, zklab-check-SESSION in the chroot, and removes it at the end, also if it is interrupted.\n" +
			"If it was killed, the next check or \"zklab clean --remove --servers\" removes it, once the session of the killed one has\n" +
			"expired. It stores one run for each object in --out.\n\n" +
			"Exit codes: 0 every property valid, 1 a property violated, 2 undecided, 3 could not be run, 64 wrong usage.\n" +
			"Interrupt once to end it early and still get a result, twice to stop.",
		Example: "  zklab ensemble check zk1:2181,zk2:2181,zk3:2181 --for 10m\n" +
			"  zklab ensemble check zk1:2181,zk2:2181,zk3:2181/app --for 8h --metrics :9150 --quiet --json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !cmd.Flags().Changed("servers") {
				return fmt.Errorf("%s needs all servers of an ensemble: host:port,...[/chroot]", cmd.Name())
			}
			return usage.AtMostOne(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := connect.WithServers(cmd, args)
			if err != nil {
				return err
			}
			if err := f.validate(args[0]); err != nil {
				return err
			}
			return f.check(cmd)
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&f.For, "for", 10*time.Minute, "how long to check")
	flags.Float64Var(&f.Rate, "rate", 1, fmt.Sprintf("operations per second of each object, at most %d", canary.MostRate))
	flags.DurationVar(&f.SessionTimeout, "session-timeout", 10*time.Second, "session timeout that clients ask for (the servers limit it)")
	flags.StringVar(&f.metrics, "metrics", "", "address at which to serve metrics for Prometheus, such as :9150 (on "+backend.Loopback+") or 0.0.0.0:9150")
	flags.StringVar(&f.Out, "out", "store", "folder for stored runs")
	flags.BoolVar(&f.json, "json", false, "print the result as JSON")
	flags.BoolVar(&f.quiet, "quiet", false, "print no events while it runs")
	connect.AddServers(cmd)
	connect.AccessFlags(cmd, &f.access.Auth, &f.access)
	usage.CompletesFiles(cmd, "out")
	return cmd
}

// validate checks the values of the flags.
func (f *checkFlags) validate(servers string) error {
	addrs, chroot, err := external.Parse(servers)
	if err != nil {
		return usage.Errorf("%s", connect.BareReason(err))
	}
	f.Servers = external.Config{Servers: addrs, Chroot: chroot, Access: f.access}
	switch err := f.Servers.Validate(); {
	case errors.Is(err, external.ErrConfig):
		return usage.Errorf("%s", connect.BareReason(err))
	case err != nil:
		return err
	case f.For <= 0:
		return usage.Errorf("--for must be more than zero, such as 10m")
	case !(f.Rate > 0 && f.Rate <= canary.MostRate):
		return usage.Errorf("--rate must be more than zero, and at most %d: the ensemble has other clients", canary.MostRate)
	}
	s := settings.Settings{TimeLimit: f.For, SessionTimeout: f.SessionTimeout, Rate: f.Rate}
	if f.SessionTimeout < time.Second { // with shorter timeouts, sessions would be lost all the time
		return usage.Errorf("--session-timeout must be 1s or more")
	}
	if k, problem := s.Over(settings.Usual()).Problem(); problem != "" {
		name := k.Name()
		if name == "time-limit" {
			name = "for"
		}
		return usage.ValueError{Field: name, Problem: problem}
	}
	if f.metrics != "" {
		host, port, err := net.SplitHostPort(f.metrics)
		if err != nil {
			return usage.Errorf("--metrics %s is not an address, such as :9150", f.metrics)
		}
		if host == "" {
			f.metrics = net.JoinHostPort(backend.Loopback, port)
		}
	}
	return usage.Writable("--out", f.Out)
}

// check runs the check and prints its result.
func (f *checkFlags) check(cmd *cobra.Command) error {
	screen := terminal.NewScreen(cmd.ErrOrStderr(), f.quiet)
	ctx, interrupt, stop := terminal.Interruptible(context.Background(), screen, "ending the load; checking and reporting")
	defer stop()
	f.Interrupt, f.Program = interrupt, cmd.Root().Name()
	f.OnEvent = func(e canary.Event) { screen.Say("%s", e) }
	serving := new(page)
	defer serving.close()
	result, err := canary.Run(ctx, f.Config, func(k *canary.Check) error {
		if err := serving.open(f.metrics, k); err != nil {
			return err
		}
		at := ""
		if f.metrics != "" {
			at = ", metrics at " + serving.address
		}
		screen.Say("checking %s for %s%s", prose.Count(len(f.Servers.Servers), "server"), f.For, at)
		return nil
	})
	if err != nil {
		return err
	}
	if f.json {
		err = terminal.PrintJSON(cmd.OutOrStdout(), result)
	} else {
		err = f.print(cmd.OutOrStdout(), result)
	}
	if code := map[checker.Result]int{checker.Violation: usage.ExitViolation, checker.Unknown: usage.ExitUnknown}[result.Verdict]; err == nil && code != 0 {
		err = usage.VerdictError{Code: code}
	}
	return err
}

// print prints the result for people. For an object with a violation it prints all that zklab run would print; for
// an undecided one, the reason.
func (f *checkFlags) print(out io.Writer, r *canary.Result) error {
	painted := bool(paint.For(terminal.Exact(out)))
	for _, o := range r.Objects {
		if o.Verdict != checker.Violation {
			continue
		}
		screen := onerun.Screen{Colour: painted, Width: terminal.Columns(out), ASCII: !terminal.UnicodeWelcome(), NoTimeline: f.quiet, Messages: true}
		if _, err := io.WriteString(out, onerun.Summary(o.Result, o.Stored, screen)+"\n"); err != nil {
			return err
		}
	}
	words := map[checker.Result]string{checker.Valid: "VALID", checker.Violation: "VIOLATED", checker.Unknown: "UNDECIDED"}
	early := ""
	if r.Interrupted {
		early = ", interrupted"
	}
	fmt.Fprintf(out, "%s after %s%s: %s\n", words[r.Verdict], prose.Length(r.Ended.Sub(r.Started)), early, told(r))
	for _, o := range r.FailOvers {
		fmt.Fprintf(out, "  %s\n", o)
	}
	for _, o := range r.Objects {
		fmt.Fprintf(out, "  %-10s %d operations: %d ok, %d failed, %d unknown; latency median %s, p99 %s, longest %s; %s\n",
			o.Recipe, o.Operations, o.OK, o.Failed, o.Unknown, prose.Length(o.Latency.P50), prose.Length(o.Latency.P99), prose.Length(o.Latency.Max), o.Run)
	}
	for _, o := range r.Objects {
		if o.Verdict == checker.Unknown {
			for _, why := range o.Reasons() {
				fmt.Fprintf(out, "  undecided  %s: %s\n", o.Recipe, why)
			}
		}
	}
	if r.Verdict == checker.Unknown && r.Ended.Sub(r.Started) < enough {
		fmt.Fprintf(out, "  hint       %s\n", advice.CheckFor.Text(fmt.Sprintf("%.0fm", enough.Minutes())))
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(out, "  warning    %s\n", w)
	}
	fmt.Fprintf(out, "  sessions   %d moved to another server, %d expired\n", r.Moved, r.Expired)
	_, err := fmt.Fprintf(out, "  longest    %s without a successful write (one a second is begun), %s without any success\n", prose.Length(r.LongestWriteGap), prose.Length(r.LongestGap))
	return err
}

// told describes in a few words what happened.
func told(r *canary.Result) string {
	switch n := len(r.FailOvers); {
	case n == 0 && r.Leader == 0:
		return "who leads is not known"
	case n == 0:
		return "the leader stayed"
	case n == 1:
		return "one fail-over"
	}
	return fmt.Sprintf("%d fail-overs", len(r.FailOvers))
}

// page serves the metrics of a check.
type page struct {
	http    *http.Server
	address string
	served  sync.WaitGroup
}

// open listens at an address; "" means none.
func (p *page) open(address string, k *canary.Check) error {
	if address == "" {
		return nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("--metrics: %w; choose another address", err)
	}
	p.address = "http://" + l.Addr().String() + "/metrics"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", canary.MetricsType)
		_ = k.WriteMetrics(w) // the client may have gone
	})
	p.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	p.served.Go(func() { _ = p.http.Serve(l) })
	return nil
}

func (p *page) close() {
	if p.http != nil {
		_ = p.http.Close()
		p.served.Wait()
	}
}
