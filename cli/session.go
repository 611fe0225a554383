package cli

import (
	"context"
	"fmt"
	"net"
	"path"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/recipes"
)

// sessionFlags say how to get a session for recipes.
type sessionFlags struct {
	servers string
	connect connectFlags
	cmd     *cobra.Command

	// patience is how long to wait for a connection, if that is shorter than what the flags say; 0: it is not.
	patience time.Duration
	// online is told when the connection to the servers is lost, and when there is one again; nil: it is not asked for.
	online func(bool)
}

func (f *sessionFlags) addTo(cmd *cobra.Command) {
	f.cmd = cmd
	flags := cmd.Flags()
	flags.StringVar(&f.servers, "servers", "127.0.0.1:2181", "servers of the ensemble: host:port,...[/chroot]")
	f.connect.addNamed(flags, "connect-timeout")
	completesFiles(cmd, "auth", "tls-ca", "tls-cert", "tls-key")
}

func (f *sessionFlags) validate() error {
	if f.connect.session < time.Second { // sessions are lost all the time
		return badFlag("--session-timeout must be 1s or more")
	}
	return f.connect.validate()
}

// open connects, and gives the path of the znode below the chroot.
func (f *sessionFlags) open(ctx context.Context, znode string) (s *recipes.Client, full string, end func(), err error) {
	servers, chroot, err := external.Parse(f.servers)
	if err != nil {
		return nil, "", nil, badFlag("--servers: %s", bareReason(err))
	}
	config, err := f.connect.config()
	if err != nil {
		return nil, "", nil, err
	}
	dial := zk.Dialer(net.DialTimeout)
	if d := f.connect.tls.dial(); d != nil {
		dial = zk.Dialer(d)
	}
	var last dialError
	var granted zkconn.Granted
	patience := f.connect.timeout
	if f.patience > 0 {
		patience = min(patience, f.patience)
	}
	bounded, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no server of %s answers within %s", f.servers, patience))
	defer cancel()
	conn, events, err := zkconn.Open(bounded, zkconn.Config{Servers: servers, Timeout: f.connect.session, Dial: granted.Around(last.around(dial))})
	if err != nil {
		if bounded.Err() != nil {
			err = last.of(context.Cause(bounded))
		}
		return nil, "", nil, f.connect.tls.wayOut(ctx, servers, err)
	}
	for _, a := range config.Auth {
		if err := conn.AddAuth(a.Scheme, a.Auth); err != nil {
			conn.Close()
			return nil, "", nil, fmt.Errorf("--auth %s: %w", a.Scheme, err)
		}
	}
	var closed atomic.Bool
	if f.online != nil {
		events = f.hear(events, &closed)
	}
	f.connect.tell(f.cmd, granted.Timeout())
	f.connect.session = granted.Timeout() // recipes go by what was granted
	s = recipes.NewClient(conn, events, f.connect.session)
	return s, path.Join("/", chroot, znode), func() {
		ctx, cancel := context.WithTimeout(context.Background(), f.connect.timeout)
		defer cancel()
		_ = s.Close(ctx)
		closed.Store(true)
		conn.Close()
	}, nil
}

// hear hands on events, and tells online of those of the connection until it is closed.
func (f *sessionFlags) hear(events <-chan zk.Event, closed *atomic.Bool) <-chan zk.Event {
	on := make(chan zk.Event)
	go func() {
		defer close(on)
		was := true // there is a session
		for e := range events {
			switch {
			case e.State == zk.StateHasSession && !was:
				was = true
				f.online(was)
			case e.State == zk.StateDisconnected && was && !closed.Load():
				was = false
				f.online(was)
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

// of is why there was no connection in a time, with the last error of a server.
func (d *dialError) of(why error) error {
	if last := d.last.Load(); last != nil {
		return fmt.Errorf("%w: %w", why, *last)
	}
	return why
}
