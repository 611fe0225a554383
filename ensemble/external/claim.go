package external

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// Claim is the znode of a program that uses for a while an ensemble that others own. The program writes
// only below it. Its child [claimMark] is ephemeral: while the znode has one, its program runs, or its
// session has not expired yet. The znode and the first mark are created in one transaction, so a znode
// without a mark belongs to a program that was killed, or that has been cut off from the servers for
// longer than the session timeout.
//
// A program that removes the znode of another one creates the mark first, which only one client can do.
// So a program that has been cut off either gets its mark back, or learns that its znode is gone.
type Claim struct {
	Path string

	conn   *zk.Conn
	parent string
	lost   chan error
	stop   context.CancelFunc
	ended  chan struct{}
}

const (
	claimName = "zklab-check-" // followed by the id of the session that made it
	claimMark = "running"

	// claimSession is the timeout of the session of a mark. The znode of a program that was killed cannot be removed
	// before it has passed; a program that is cut off for longer may lose its znode.
	claimSession = 10 * time.Second
	// claimAgain is the pause between attempts to make a mark again.
	claimAgain = 200 * time.Millisecond
)

// ErrClaimLost means that another program removed the znode of a [Claim] whose session had expired.
var ErrClaimLost = errors.New("was removed by another check while this one was cut off from the servers")

// Claim makes the znode below the chroot.
func (c Config) Claim(ctx context.Context) (*Claim, error) {
	conn, events, err := c.session(ctx)
	if err != nil {
		return nil, err
	}
	k := &Claim{conn: conn, parent: c.Chroot, lost: make(chan error, 1), ended: make(chan struct{})}
	k.Path = fmt.Sprintf("%s/%s%x", c.Chroot, claimName, uint64(conn.SessionID()))
	if err := within(ctx, k.make); err != nil {
		_ = within(context.WithoutCancel(ctx), func() error { return removeClaim(context.WithoutCancel(ctx), conn, k.Path) })
		conn.Close()
		if errors.Is(err, zk.ErrNoAuth) {
			return nil, fmt.Errorf("create znode %s: %w: give a chroot in which everyone may create znodes, or authenticate with --auth", k.Path, err)
		}
		return nil, fmt.Errorf("create znode %s: %w", k.Path, zkconn.Explained(wire.Named(err)))
	}
	ctx, k.stop = context.WithCancel(context.Background())
	go func() {
		defer close(k.ended)
		k.keep(ctx, events)
	}()
	return k, nil
}

// session opens a session with the servers.
func (c Config) session(ctx context.Context) (*zk.Conn, <-chan zk.Event, error) {
	e, err := c.reached()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: c.Servers, Timeout: claimSession, Dial: zk.Dialer(e.dial)})
	if err != nil {
		return nil, nil, e.guessed(ctx, err)
	}
	return conn, events, nil
}

// within bounds a call that takes no context.
func within(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return await.Until(ctx, f)
}

// make makes the znode with its mark.
func (k *Claim) make() error {
	open := zk.WorldACL(zk.PermAll)
	_, err := k.conn.Multi(
		&zk.CreateRequest{Path: k.Path, Acl: open},
		&zk.CreateRequest{Path: k.mark(), Acl: open, Flags: zk.FlagEphemeral},
	)
	if stat, at := k.owner(); at == nil && stat == k.conn.SessionID() {
		return nil // also if the answer was lost
	}
	return err
}

func (k *Claim) mark() string { return k.Path + "/" + claimMark }

// owner returns the session that made the mark.
func (k *Claim) owner() (session int64, err error) {
	there, stat, err := k.conn.Exists(k.mark())
	if err == nil && !there {
		err = zk.ErrNoNode
	}
	if err != nil {
		return 0, err
	}
	return stat.EphemeralOwner, nil
}

// keep makes the mark again whenever the session has expired.
func (k *Claim) keep(ctx context.Context, events <-chan zk.Event) {
	marked := k.conn.SessionID()
	for e := range events {
		if e.State != zk.StateHasSession || k.conn.SessionID() == marked {
			continue
		}
		for ctx.Err() == nil {
			session := k.conn.SessionID()
			_, err := k.conn.Create(k.mark(), nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
			if errors.Is(err, zk.ErrNoNode) {
				k.lost <- fmt.Errorf("znode %s %w: what it stored says nothing; run it again", k.Path, ErrClaimLost)
				return
			}
			// An existing mark is the earlier one, until that session ends, or the mark of a program
			// that removes the znode.
			if owner, at := k.owner(); at == nil && owner == session {
				marked = session
				break
			}
			_ = await.Sleep(ctx, claimAgain)
		}
	}
}

// Lost returns a channel that gets an [ErrClaimLost] if the znode is gone, and nothing otherwise.
func (k *Claim) Lost() <-chan error { return k.lost }

// Abandoned removes the znodes of programs that were killed. It returns them, and those that it left because their
// programs run, or ran until a moment ago.
func (k *Claim) Abandoned(ctx context.Context) (removed, running []string, err error) {
	return abandoned(ctx, k.conn, k.parent, path.Base(k.Path), true)
}

// Close removes the znode, with everything below it, and ends the session. The error names the znode if it remains.
func (k *Claim) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*answerTimeout)
	defer cancel()
	k.stop()
	err := await.Until(ctx, func() error { return removeClaim(ctx, k.conn, k.Path) })
	k.conn.Close()
	<-k.ended
	if err != nil {
		return fmt.Errorf("cannot remove znode %s: %w: the next check removes it, and so does zklab clean --remove --servers", k.Path, err)
	}
	return nil
}

// Abandoned is like [Claim.Abandoned], without a claim. It only looks for the znodes unless it is told to remove them.
func Abandoned(ctx context.Context, c Config, remove bool) (killed, running []string, err error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	conn, _, err := c.session(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	return abandoned(ctx, conn, c.Chroot, "", remove)
}

// abandoned finds abandoned claims below a parent, except the program's own, and removes them if it is told to.
func abandoned(ctx context.Context, conn *zk.Conn, parent, own string, remove bool) (killed, running []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*answerTimeout)
	defer cancel()
	err = await.Until(ctx, func() error {
		names, _, err := conn.Children(path.Join("/", parent))
		if err != nil {
			return err
		}
		slices.Sort(names)
		running = nil // of an earlier try
		for _, name := range names {
			if !strings.HasPrefix(name, claimName) || name == own || slices.Contains(killed, parent+"/"+name) {
				continue
			}
			claim := parent + "/" + name
			if !remove {
				marked, _, err := conn.Exists(claim + "/" + claimMark)
				switch {
				case err != nil:
					return fmt.Errorf("look at znode %s: %w", claim, wire.Named(err))
				case marked:
					running = append(running, claim)
				default:
					killed = append(killed, claim)
				}
				continue
			}
			switch _, err := conn.Create(claim+"/"+claimMark, nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)); {
			case errors.Is(err, zk.ErrNodeExists):
				running = append(running, claim)
				continue
			case errors.Is(err, zk.ErrNoNode):
				continue // another program removed it
			case err != nil:
				return fmt.Errorf("look at znode %s: %w", claim, wire.Named(err))
			}
			if err := removeClaim(ctx, conn, claim); err != nil {
				return fmt.Errorf("remove znode %s: %w", claim, wire.Named(err))
			}
			killed = append(killed, claim)
		}
		return nil
	})
	return killed, running, err
}

// removeClaim removes a claim whose mark this session holds: the mark goes last, together with the znode.
func removeClaim(ctx context.Context, conn *zk.Conn, claim string) error {
	for ctx.Err() == nil {
		children, _, err := conn.Children(claim)
		if errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, name := range children {
			if name == claimMark {
				continue
			}
			if err := zkconn.RemoveTree(ctx, conn, claim+"/"+name); err != nil {
				return err
			}
		}
		gone := []any{&zk.DeleteRequest{Path: claim, Version: -1}}
		if slices.Contains(children, claimMark) {
			gone = slices.Insert(gone, 0, any(&zk.DeleteRequest{Path: claim + "/" + claimMark, Version: -1}))
		}
		if _, err = conn.Multi(gone...); err == nil || errors.Is(err, zk.ErrNoNode) && !slices.Contains(children, claimMark) {
			return nil
		}
		if !errors.Is(err, zk.ErrNotEmpty) && !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
	return context.Cause(ctx)
}
