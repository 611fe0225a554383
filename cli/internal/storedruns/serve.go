package storedruns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/printable"
	site "github.com/zklab/zklab/internal/lab/serve"
	"github.com/zklab/zklab/specimens"
)

// usualListen is the default address of the server. It is always the same, so that the page can be
// bookmarked, and no other computer can reach it.
const usualListen = "127.0.0.1:8218"

func newServe(known specimens.Catalog) *cobra.Command {
	cfg := site.Config{Declares: known.Declared}
	var listen string
	var open bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show the stored runs in a browser, also while they run",
		Long: "Serve shows a store in a browser: runs and sweeps with verdicts, faults and labels, to filter, sort,\n" +
			"open, compare, download and delete; findings across runs; and the progress of running ones,\n" +
			"whichever process started them. It prints the address, and serves until interrupted.\n\n" +
			"By default only this computer can reach it. Whoever can reach it can read the store and, without\n" +
			"--read-only, delete runs. docs/serve.md says how it is protected.",
		Example: "  zklab serve\n  zklab serve --out results --listen 127.0.0.1:0 --open\n  zklab serve --listen 0.0.0.0:8218 --host lab.example --read-only",
		Args:    usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, _, err := net.SplitHostPort(listen); err != nil {
				return usage.Errorf("--listen %s: expected a host and a port, such as %s", listen, usualListen)
			}
			for _, name := range cfg.Hosts {
				if !usage.IsHostName(name) {
					return usage.Errorf("--host %s: expected a name, such as lab.example, without a port", printable.Text(name, 80))
				}
			}
			s, err := site.New(cfg)
			if err != nil {
				return err
			}
			defer s.Close()
			l, err := listenAt(listen)
			if err != nil {
				return err
			}
			ctx, stop := terminal.UntilSignal()
			defer stop()
			address := addressOf(l)
			fmt.Fprintln(cmd.OutOrStdout(), address)
			if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
				fmt.Fprintf(cmd.ErrOrStderr(), "warning: other computers can reach %s, without a password and without encryption; they can %s\n", l.Addr(), allowed(cfg))
			}
			if open {
				if err := browse(address); err != nil {
					fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+usage.OneLine(err))
				}
			}
			return s.Serve(ctx, l)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&cfg.Store, "out", "store", "folder of the stored runs")
	flags.StringVar(&listen, "listen", usualListen, "address to listen at; port 0 takes a free one")
	flags.StringArrayVar(&cfg.Hosts, "host", nil, "name by which browsers may call it besides localhost and addresses; may be given several times")
	flags.BoolVar(&cfg.ReadOnly, "read-only", false, "let nobody delete runs")
	flags.BoolVar(&open, "open", false, "open it in the browser")
	usage.CompletesFiles(cmd, "out")
	return cmd
}

// allowed returns what visitors of the site can do, in words.
func allowed(cfg site.Config) string {
	if cfg.ReadOnly {
		return "read the store"
	}
	return "read the store and delete runs (--read-only forbids that)"
}

// listenAt listens, or says in one line why it cannot.
func listenAt(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("cannot listen at %s: the address is in use, perhaps by another zklab serve; --listen 127.0.0.1:0 takes a free port", address)
	}
	if err != nil {
		if system, ok := errors.AsType[*os.SyscallError](err); ok {
			err = system.Err
		}
		return nil, fmt.Errorf("cannot listen at %s: %w; choose another address with --listen", address, err)
	}
	return l, nil
}

// addressOf returns the address of a listener for a browser on this computer.
func addressOf(l net.Listener) string {
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		return "http://" + l.Addr().String() + "/"
	}
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return "http://" + at.String() + "/"
}
