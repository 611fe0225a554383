package external

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
)

// This file sees to it that commands harm no server but those that clients are connected to.

// prove runs the command that tells where a server is, for each of them: what the other commands would harm is at the
// address of the server, or nothing is harmed. Without such a command, nothing can be proved.
func (e *cluster) prove(ctx context.Context) error {
	if e.config.Commands.Where == "" {
		return nil
	}
	for _, s := range e.servers {
		told, err := output(ctx, s.values.Replace(e.config.Commands.Where))
		if err != nil {
			return fmt.Errorf("server %d at %s: ask where the one is that commands would harm: %w", s.id, s.addr, err)
		}
		there := strings.Fields(told)
		mine, err := addressesOf(ctx, s.addr)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(there, mine.match) {
			at := "is nowhere"
			if len(there) > 0 {
				at = "is at " + strings.Join(there, " ")
			}
			return wrong("server %d is at %s, but the one that commands would harm %s (%s). Nothing was harmed. "+
				"If it is the same server, behind a forwarded port, say so: --where-command none", s.id, s.addr, at, s.values.Replace(e.config.Commands.Where))
		}
		s.reached = true
	}
	e.trial.passed.Store(true)
	return nil
}

// addresses are those of one server.
type addresses struct {
	text, port string
	ips        []netip.Addr
	here       bool // they are addresses of this machine
}

func addressesOf(ctx context.Context, addr string) (a addresses, err error) {
	host, port, _ := net.SplitHostPort(addr)
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	a = addresses{text: addr, port: port}
	a.ips, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return a, err
	}
	local, err := net.InterfaceAddrs()
	for i, ip := range a.ips {
		a.ips[i] = ip.Unmap()
		a.here = a.here || ip.IsLoopback() || slices.ContainsFunc(local, func(l net.Addr) bool {
			prefix, err := netip.ParsePrefix(l.String())
			return err == nil && prefix.Addr() == ip.Unmap()
		})
	}
	return a, err
}

// match reports whether a command told an address of the server: host:port, an IP address, or that with a port. The
// unspecified address stands for all addresses of this machine, as in what Docker publishes.
func (a addresses) match(told string) bool {
	if told == a.text {
		return true
	}
	if host, port, err := net.SplitHostPort(told); err == nil {
		if port != a.port {
			return false
		}
		told = host
	}
	ip, err := netip.ParseAddr(told)
	if told == "" || err == nil && ip.IsUnspecified() {
		return a.here
	}
	return err == nil && slices.Contains(a.ips, ip.Unmap())
}

// trial is what is known of the commands that harm. Until one of them has silenced its server they go one after the
// other, and when one has not, no other follows: it has harmed something else.
type trial struct {
	first  *semaphore.Weighted
	passed atomic.Bool
	stray  atomic.Pointer[error]
}

// harm runs a command that harms a server. The first time, unless prove has shown that commands reach the server, harm
// also checks that the server falls silent within some time.
func (s *server) harm(ctx context.Context, command string, within time.Duration) error {
	t := &s.ensemble.trial
	if !t.passed.Load() {
		if t.first.Acquire(ctx, 1) != nil {
			return context.Cause(ctx)
		}
		defer t.first.Release(1)
	}
	if stray := t.stray.Load(); stray != nil {
		return *stray
	}
	if s.reached {
		return run(ctx, command)
	}
	looking, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	silent := s.silent(looking)
	if err := run(ctx, command); err != nil {
		return err
	}
	select {
	case <-silent:
		s.reached = true
		t.passed.Store(true)
		return nil
	case <-time.After(within):
		err := fmt.Errorf("server %d at %s answers, although %q succeeded: that harmed something else, and no command follows", s.id, s.addr, command)
		t.stray.Store(&err)
		return err
	}
}

// silent returns a channel that is closed when the server refuses connections, or has left three questions unanswered.
func (s *server) silent(ctx context.Context) <-chan struct{} {
	seen := make(chan struct{})
	go func() {
		for unanswered := 0; ; {
			look, done := context.WithTimeout(ctx, silence)
			_, err := s.Status(look)
			done()
			switch {
			case ctx.Err() != nil:
				return
			case err == nil || errors.Is(err, ensemble.ErrNotServing):
				unanswered = 0
			case ensemble.Unreachable(err) && look.Err() == nil, unanswered == 2:
				close(seen)
				return
			default:
				unanswered++
			}
			_ = await.Sleep(ctx, silence/10)
		}
	}()
	return seen
}
