package ensembles

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/tools/control"
)

func newUp() *cobra.Command { return UpCommand(&backend.Backend{Nodes: 3}, new(UpFlags)) }

// UpFlags are the flags of up that are not settings of servers.
type UpFlags struct {
	listen string
	name   string // or the path of a socket
	detach bool
}

// UpCommand returns the command up, whose flags fill in b and f.
func UpCommand(b *backend.Backend, f *UpFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run an ensemble until interrupted, or in the background",
		Long: "Up starts an ensemble for clients in any language, prints its connect string on standard\n" +
			"output once all servers serve, and stops and removes everything when interrupted (exit code 0).\n" +
			"With --detach it returns once all servers serve; they run until \"zklab ensemble down\".\n" +
			"Commands such as \"zklab ensemble kill leader\" kill, pause, stop and start its servers.\n" +
			"Servers listen on consecutive ports from that of --listen; port 0 means free ports. An embedded\n" +
			"ensemble keeps its data in memory unless --data names a folder: it is for tests, not for data that\n" +
			"matter.",
		Example: "  zklab ensemble up\n" +
			"  zklab ensemble up --detach --name lab --listen 127.0.0.1:0\n" +
			"  zklab ensemble up --nodes 5 --listen 127.0.0.1:21810\n" +
			"  zklab ensemble up --tick 2s --max-session-timeout 40s --ttl=false",
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := b.ValidateNodes()
			if err == nil {
				err = b.Servers.Validate(cmd, *b)
			}
			if err != nil {
				return err
			}
			if err = validateRow(cmd, "metrics-port", b.Nodes+b.Servers.Observers); err != nil {
				return err
			}
			if b.Host, b.Ports, err = addresses(f.listen, b.Nodes+b.Servers.Observers); err != nil {
				return err
			}
			if f.detach && process.DetachedLog == "" {
				return f.inBackground(cmd)
			}
			return up(cmd, *b, f.name)
		},
	}
	flags := cmd.Flags()
	backend.EnsembleFlag(cmd, &b.Kind, backend.Kinds)
	flags.IntVar(&b.Nodes, "nodes", b.Nodes, "number of voting servers")
	flags.StringVar(&f.listen, "listen", net.JoinHostPort(backend.Loopback, "2181"), "address of the first server")
	flags.StringVar(&b.Named, "advertise", "", "host that clients should connect to (default: the host of --listen, or "+backend.Loopback+" if that means all addresses)")
	backend.ImageFlag(cmd, &b.Image)
	b.Servers.AddTo(cmd)
	flags.BoolVar(&f.detach, "detach", false, "return once all servers serve, and keep the ensemble running until zklab ensemble down")
	flags.StringVar(&f.name, "name", "", "name for other ensemble commands such as kill and down, a path for their socket, or "+uncontrolled+" (default: the first port)")
	onceControl(flags)
	usage.Completes(cmd, "name", usage.ChoiceOf(uncontrolled))
	usage.CompletesFiles(cmd, "data", "tls-cert", "tls-key", "tls-client-ca")
	return cmd
}

// addresses returns the host and the ports of n servers, counted up from the port of an address; no
// ports if that is 0.
func addresses(listen string, n int) (host string, ports []int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil || host == "" {
		return "", nil, usage.Errorf("--listen %s is not host:port, such as %s:2181", listen, backend.Loopback)
	}
	first, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", nil, usage.Errorf("--listen %s: there is no port %s", listen, text)
	}
	if first == 0 {
		return host, nil, nil
	}
	if int(first)+n-1 > 65535 {
		return "", nil, usage.Errorf("--listen %s: the %d ports from there would exceed 65535", listen, n)
	}
	for i := range n {
		ports = append(ports, int(first)+i)
	}
	return host, ports, nil
}

// up runs an ensemble until a signal, or zklab ensemble down.
func up(cmd *cobra.Command, b backend.Backend, name string) error {
	starter, err := b.Starter()
	if err != nil {
		return err
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	e, err := starter.Start(ctx)
	if ctx.Err() != nil && err != nil {
		return fmt.Errorf("interrupted before the ensemble was up: %w", ctx.Err())
	}
	if err != nil {
		if b.Servers.Metrics != 0 {
			return backend.WayOut(err, "--listen or --metrics-port")
		}
		return backend.WayOut(err, "--listen")
	}
	return serve(ctx, cmd, e, b, name)
}

// serve accepts commands for an ensemble until it is to end, and then closes it.
func serve(ctx context.Context, cmd *cobra.Command, e ensemble.Ensemble, b backend.Backend, name string) error {
	l, entry, err := listenForControl(cmd, e, b, name)
	if err != nil {
		return errors.Join(err, e.Close())
	}
	if err = introduce(ctx, cmd, e, b.Named, entry); err == nil {
		if err = awaitEnd(ctx, cmd, e, l); err != nil && process.DetachedLog != "" {
			entry = nil // keep the entry and the log: zklab ensemble ps shows the reason
		}
	}
	return errors.Join(err, closeAll(e, l, entry))
}

// awaitEnd prints each change of a server until the ensemble is to end.
func awaitEnd(ctx context.Context, cmd *cobra.Command, e ensemble.Ensemble, l *control.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var telling sync.WaitGroup
	defer telling.Wait()
	defer cancel()
	telling.Go(func() { tellChanges(ctx, cmd.ErrOrStderr(), e.Servers()) })
	var down <-chan struct{}
	if l != nil {
		down = l.Down()
	}
	select {
	case err := <-failures(e):
		return err
	case <-down:
	case <-ctx.Done():
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "stopping")
	return nil
}

// closeAll closes the listener and the ensemble, and removes the entry if there is one. If the servers
// cannot be removed, it keeps the entry, so that zklab ensemble down can try again.
func closeAll(e ensemble.Ensemble, l *control.Listener, entry *control.Entry) error {
	var err error
	if l != nil {
		err = l.Close()
	}
	if closed := e.Close(); closed != nil || entry == nil {
		return errors.Join(err, closed)
	}
	return errors.Join(err, entry.Remove())
}

// failures returns the errors of servers that cannot write their files; nil if they keep none.
func failures(e ensemble.Ensemble) <-chan error {
	if f, ok := e.(interface{ Failed() <-chan error }); ok {
		return f.Failed()
	}
	return nil
}

// introduce prints each server for people, and the connect string for scripts.
func introduce(ctx context.Context, cmd *cobra.Command, e ensemble.Ensemble, named string, entry *control.Entry) error {
	for _, s := range e.Servers() {
		status, err := s.Status(ctx)
		if err != nil {
			return fmt.Errorf("server %d: %w", s.ID(), err)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "server %d at %s: %s%s\n", s.ID(), s.Addr(), status.Role, metricsWords(s))
	}
	end := "interrupt to stop and remove it"
	if process.DetachedLog != "" {
		end = "zklab ensemble down " + entry.Name + " stops and removes it"
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "up as %s; %s\n", e.Profile().Backend, end)
	_, err := fmt.Fprintln(cmd.OutOrStdout(), connectString(e, named))
	return err
}

// metricsWords returns the address of the server's metrics for the line of the server, if it has one.
func metricsWords(s ensemble.Server) string {
	if m, ok := s.(interface{ MetricsAddr() string }); ok && m.MetricsAddr() != "" {
		return fmt.Sprintf(", metrics at http://%s/metrics", reachable(m.MetricsAddr(), ""))
	}
	return ""
}

// connectString returns the connect string for clients.
func connectString(e ensemble.Ensemble, named string) string {
	var addrs []string
	for _, s := range e.Servers() {
		addrs = append(addrs, reachable(s.Addr(), named))
	}
	return strings.Join(addrs, ",")
}

// reachable returns an address that clients can connect to: on the named host, or else from this
// machine. A server on all interfaces reports [::], which many clients cannot parse.
func reachable(addr, named string) string {
	a, err := netip.ParseAddrPort(addr)
	if named != "" {
		_, port, _ := net.SplitHostPort(addr)
		return net.JoinHostPort(named, port)
	}
	if err != nil || !a.Addr().IsUnspecified() {
		return addr
	}
	return net.JoinHostPort(backend.Loopback, strconv.Itoa(int(a.Port())))
}
