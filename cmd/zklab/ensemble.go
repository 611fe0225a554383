package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/signal"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/ensemble"
)

func newEnsemble() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ensemble",
		Short: "Run an ensemble for any client",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUp())
	return cmd
}

func newUp() *cobra.Command {
	b := backend{nodes: 3}
	var listen string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run an ensemble in the foreground until interrupted",
		Long: "Up starts an ensemble that clients of any language can use, prints its connect string on standard\n" +
			"output once all servers serve, and stops and removes everything when it is interrupted (exit code 0).\n" +
			"Server n listens on the n-th port from that of --listen; port 0 stands for free ports. An embedded\n" +
			"ensemble keeps all in memory: it is for tests, and not for data that matter.",
		Example: "  zklab ensemble up\n" +
			"  zklab ensemble up --nodes 5 --listen 127.0.0.1:21810",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if b.host, b.ports, err = addresses(listen, b.nodes); err != nil {
				return err
			}
			return up(cmd, b)
		},
	}
	flags := cmd.Flags()
	ensembleFlag(cmd, &b.kind)
	flags.IntVar(&b.nodes, "nodes", b.nodes, "servers of the ensemble")
	flags.StringVar(&listen, "listen", net.JoinHostPort(loopback, "2181"), "address of the first server")
	imageFlag(cmd, &b.image)
	return cmd
}

// addresses are the host and the ports of n servers from an address on; no
// ports for port 0.
func addresses(listen string, n int) (host string, ports []int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil || host == "" {
		return "", nil, usageError("--listen %s is no host:port, such as %s:2181", listen, loopback)
	}
	first, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", nil, usageError("--listen %s: there is no port %s", listen, text)
	}
	if first == 0 {
		return host, nil, nil
	}
	if int(first)+n-1 > 65535 {
		return "", nil, usageError("--listen %s: there are no %d ports from there", listen, n)
	}
	for i := range n {
		ports = append(ports, int(first)+i)
	}
	return host, ports, nil
}

// up runs an ensemble until a signal comes.
func up(cmd *cobra.Command, b backend) (err error) {
	starter, err := b.starter()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second one ends the process
	e, err := starter.Start(ctx)
	if ctx.Err() != nil && err != nil {
		return fmt.Errorf("interrupted before the ensemble was up: %w", ctx.Err())
	}
	if err != nil {
		return wayOut(err, "--listen")
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if err := introduce(ctx, cmd, e); err != nil {
		return err
	}
	<-ctx.Done()
	fmt.Fprintln(cmd.ErrOrStderr(), "stopping")
	return nil
}

// introduce says who is there: people are told what each server is, scripts
// where they can connect.
func introduce(ctx context.Context, cmd *cobra.Command, e ensemble.Ensemble) error {
	var addrs []string
	for _, s := range e.Servers() {
		status, err := s.Status(ctx)
		if err != nil {
			return fmt.Errorf("server %d: %w", s.ID(), err)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "server %d at %s: %s\n", s.ID(), s.Addr(), status.Role)
		addrs = append(addrs, reachable(s.Addr()))
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "up, as %s; interrupt to stop and remove it\n", e.Profile().Backend)
	_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(addrs, ","))
	return err
}

// reachable is an address that clients on this machine can connect to: a server
// on all interfaces calls its own [::], which many clients cannot read.
func reachable(addr string) string {
	a, err := netip.ParseAddrPort(addr)
	if err != nil || !a.Addr().IsUnspecified() {
		return addr
	}
	return net.JoinHostPort(loopback, strconv.Itoa(int(a.Port())))
}
