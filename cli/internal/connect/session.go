package connect

import (
	"context"
	"fmt"
	"net"
	"path"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/recipes"
)

// SessionFlags say how to get a session for recipes.
type SessionFlags struct {
	Servers string
	Connect Flags
	cmd     *cobra.Command

	// Patience bounds the wait for a connection, if it is shorter than the time in the flags; 0 means the
	// time in the flags.
	Patience time.Duration
	// Online, unless it is nil, is called when the connection to the servers is lost, and when it is restored.
	Online func(bool)
}

// AddTo declares the flags.
func (f *SessionFlags) AddTo(cmd *cobra.Command) {
	f.cmd = cmd
	flags := cmd.Flags()
	flags.StringVar(&f.Servers, "servers", "127.0.0.1:2181", "servers of the ensemble: host:port,...[/chroot]")
	f.Connect.AddNamed(flags, "connect-timeout")
	usage.CompletesFiles(cmd, "auth", "tls-ca", "tls-cert", "tls-key")
}

// Validate checks the values of the flags, and reads the files of TLS.
func (f *SessionFlags) Validate() error {
	if f.Connect.Session < time.Second { // with shorter timeouts, sessions are lost all the time
		return usage.BadFlag("--session-timeout must be 1s or more")
	}
	return f.Connect.Validate()
}

// Open connects, and returns the full path of the znode, with the chroot.
func (f *SessionFlags) Open(ctx context.Context, znode string) (s *recipes.Client, full string, end func(), err error) {
	servers, chroot, err := external.Parse(f.Servers)
	if err != nil {
		return nil, "", nil, usage.BadFlag("--servers: %s", BareReason(err))
	}
	config, err := f.Connect.config()
	if err != nil {
		return nil, "", nil, err
	}
	all, err := f.Connect.credentials()
	if err != nil {
		return nil, "", nil, err
	}
	dial := zk.Dialer(f.Connect.dial(all))
	var last dialError
	var granted zkconn.Granted
	patience := f.Connect.Timeout
	if f.Patience > 0 {
		patience = min(patience, f.Patience)
	}
	bounded, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no server of %s answers within %s", f.Servers, patience))
	defer cancel()
	conn, events, err := zkconn.Open(bounded, zkconn.Config{Servers: servers, Timeout: f.Connect.Session, Dial: granted.Around(last.around(dial))})
	if err != nil {
		if bounded.Err() != nil {
			err = last.of(context.Cause(bounded))
		}
		return nil, "", nil, f.Connect.TLS.WayOut(ctx, servers, err)
	}
	for _, a := range config.Auth {
		if err := conn.AddAuth(a.Scheme, a.Auth); err != nil {
			conn.Close()
			return nil, "", nil, fmt.Errorf("--auth %s: %w", a.Scheme, err)
		}
	}
	var closed atomic.Bool
	if f.Online != nil {
		events = f.hear(events, &closed)
	}
	f.Connect.Tell(f.cmd, granted.Timeout())
	f.Connect.Session = granted.Timeout() // recipes use the timeout that was granted
	s = recipes.NewClient(conn, events, f.Connect.Session)
	return s, path.Join("/", chroot, znode), func() {
		ctx, cancel := context.WithTimeout(context.Background(), f.Connect.Timeout)
		defer cancel()
		_ = s.Close(ctx)
		closed.Store(true)
		conn.Close()
	}, nil
}

// hear passes on events, and calls Online for those about the connection until the session is
// closed.
func (f *SessionFlags) hear(events <-chan zk.Event, closed *atomic.Bool) <-chan zk.Event {
	on := make(chan zk.Event)
	go func() {
		defer close(on)
		was := true // there is a session
		for e := range events {
			switch {
			case e.State == zk.StateHasSession && !was:
				was = true
				f.Online(was)
			case e.State == zk.StateDisconnected && was && !closed.Load():
				was = false
				f.Online(was)
			}
			on <- e
		}
	}()
	return on
}

// dialError is the last error of connecting to a server.
type dialError struct{ last atomic.Pointer[error] }

func (d *dialError) around(dial zk.Dialer) zk.Dialer {
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		c, err := dial(network, addr, timeout)
		if err != nil {
			d.last.Store(&err)
		}
		return c, err
	}
}

// of adds the last error of a server to the error that there was no connection in time.
func (d *dialError) of(why error) error {
	if last := d.last.Load(); last != nil {
		return fmt.Errorf("%w: %w", why, *last)
	}
	return why
}
