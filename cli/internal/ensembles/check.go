package ensembles

import (
	"cmp"
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

// Windows of a check.
const (
	usualWindow = 10 * time.Minute
	leastWindow = time.Second
)

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
			"With --for 0 it goes on until it is interrupted. It then judges window after window, tells each violation and each\n" +
			"undecided window at once, and keeps the runs of the latest windows. So it does with --window.\n\n" +
			"It writes below one znode, zklab-check-SESSION in the chroot, and removes it at the end, also if it is interrupted.\n" +
			"If it was killed, the next check or \"zklab clean --remove --servers\" removes it, once the session of the killed one has\n" +
			"expired. It stores one run for each object in --out, in each window.\n\n" +
			"Exit codes: 0 every property valid, 1 a property violated, 2 undecided, 3 could not be run, 64 wrong usage.\n" +
			"A last window that was cut short, and is undecided, does not count if there were others.\n" +
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
	flags.DurationVar(&f.For, "for", 10*time.Minute, "how long to check; 0: until it is interrupted")
	flags.DurationVar(&f.Window, "window", 0, fmt.Sprintf("judge a window of this length after the other, while the check goes on (default %s with --for 0, else none); 0: the default", usualWindow))
	flags.IntVar(&f.Keep, "keep", 144, "number of windows whose runs are kept, and of further ones with a violation; older ones are removed")
	flags.Float64Var(&f.Rate, "rate", 1, fmt.Sprintf("operations per second of each object, at most %d", canary.MostRate))
	flags.DurationVar(&f.SessionTimeout, "session-timeout", 10*time.Second, "session timeout that clients ask for (the servers limit it)")
	flags.StringVar(&f.metrics, "metrics", "", "address at which to serve metrics for Prometheus, such as :9150 (on "+backend.Loopback+") or 0.0.0.0:9150")
	flags.StringVar(&f.Out, "out", "store", "folder for stored runs")
	flags.BoolVar(&f.json, "json", false, "print the result as JSON")
	flags.BoolVar(&f.quiet, "quiet", false, "print no events while it runs")
	usage.VerboseFlag(cmd)
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
	case f.For < 0:
		return usage.Errorf("--for must not be negative: give a time such as 10m, or 0 for no end")
	case f.Window < 0 || f.Window > 0 && f.Window < leastWindow:
		return usage.Errorf("--window must be %s or more", leastWindow)
	case f.Keep < 1:
		return usage.Errorf("--keep must be 1 or more")
	case !(f.Rate > 0 && f.Rate <= canary.MostRate):
		return usage.Errorf("--rate must be more than zero, and at most %d: the ensemble has other clients", canary.MostRate)
	}
	if f.For == 0 {
		f.Window = cmp.Or(f.Window, usualWindow)
	}
	s := settings.Settings{TimeLimit: cmp.Or(f.For, f.Window), SessionTimeout: f.SessionTimeout, Rate: f.Rate}
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
		long := "for " + f.For.String()
		if f.For == 0 {
			long = "until it is interrupted"
		}
		if f.Window > 0 {
			long += fmt.Sprintf(", in windows of %s", f.Window)
		}
		screen.Say("checking %s %s%s", prose.Count(len(f.Servers.Servers), "server"), long, at)
		return nil
	})
	if err != nil {
		return err
	}
	if f.json {
		err = terminal.PrintJSON(cmd.OutOrStdout(), result)
	} else {
		err = f.print(cmd, result)
	}
	if code := map[checker.Result]int{checker.Violation: usage.ExitViolation, checker.Unknown: usage.ExitUnknown}[result.Verdict]; err == nil && code != 0 {
		err = usage.VerdictError{Code: code}
	}
	return err
}

// print prints the result for people. For an object with a violation it prints all that zklab run would print; for
// an undecided one, the reason.
func (f *checkFlags) print(cmd *cobra.Command, r *canary.Result) error {
	out := cmd.OutOrStdout()
	screen := onerun.Screen{
		Colour: bool(paint.For(terminal.Exact(out))), Width: terminal.Columns(out), ASCII: !terminal.UnicodeWelcome(),
		NoTimeline: f.quiet, Messages: true, Full: usage.Verbose(cmd),
	}
	for _, o := range r.Objects {
		if o.Verdict != checker.Violation {
			continue
		}
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
	if w := r.Windows; w != nil {
		fmt.Fprintf(out, "  windows    %d valid, %d violated, %d undecided, %d could not be run\n", w.Valid, w.Violated, w.Undecided, w.Failed)
	}
	for _, o := range r.FailOvers {
		fmt.Fprintf(out, "  %s\n", o)
	}
	for _, o := range r.Objects {
		fmt.Fprintf(out, "  %-10s %s: %d ok, %d failed, %d unknown; latency median %s, p99 %s, longest %s; %s\n",
			o.Recipe, prose.Count(o.Operations, "operation"), o.OK, o.Failed, o.Unknown, prose.Length(o.Latency.P50), prose.Length(o.Latency.P99), prose.Length(o.Latency.Max), o.Run)
	}
	for _, o := range r.Objects {
		if o.Verdict == checker.Unknown {
			for _, why := range o.Reasons() {
				fmt.Fprintf(out, "  undecided  %s: %s\n", o.Recipe, why)
			}
		}
	}
	if r.Verdict == checker.Unknown && r.Windows == nil && r.Ended.Sub(r.Started) < enough {
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
