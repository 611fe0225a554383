package conformance

import (
	"context"
	"fmt"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// base is the znode in which the scripts run.
type base struct {
	target Target
	path   string
}

func (t Target) path() string { return t.Chroot + "/" + t.Name }

// makeBase creates the znode.
func makeBase(ctx context.Context, t Target) (base, error) {
	b := base{t, t.path()}
	err := b.with(ctx, func(ctx context.Context, c *zkclient.Conn) error {
		for i, letter := range b.path {
			if t.parents && letter == '/' && i > 0 {
				_ = do(ctx, c, wire.Create, &wire.CreateRequest{Path: b.path[:i], ACL: worldAll})
			}
		}
		err := do(ctx, c, wire.Create, &wire.CreateRequest{Path: b.path, ACL: worldAll})
		if err == wire.NoNode && t.Chroot != "" {
			return fmt.Errorf("%w: the chroot %s does not exist", ErrUnusable, t.Chroot)
		}
		if err != nil {
			return fmt.Errorf("%w: cannot create %s: %w", ErrUnusable, b.path, err)
		}
		return nil
	})
	return b, err
}

// remove removes the znode with everything that scripts left in it, even after ctx has ended. It
// returns a description of what could not be removed.
func (b base) remove(ctx context.Context) string {
	err := b.with(context.WithoutCancel(ctx), func(ctx context.Context, c *zkclient.Conn) error { return removeTree(ctx, c, b.path) })
	if err != nil {
		return fmt.Sprintf("cannot remove %s: %v: remove it yourself", b.path, err)
	}
	return ""
}

// with opens a session of the check itself, with its credentials, and closes it.
func (b base) with(ctx context.Context, work func(context.Context, *zkclient.Conn) error) error {
	connecting, cancel := context.WithTimeout(ctx, b.target.Patience)
	defer cancel()
	c, err := zkclient.Connect(connecting, zkclient.Config{Dial: zkclient.To(b.target.Dial, b.target.Servers[0]), Session: wire.Session{Timeout: sessionTimeout}})
	if err != nil {
		return err
	}
	defer c.Close()
	bounded, end := context.WithTimeout(ctx, sessionTimeout)
	defer end()
	for _, a := range b.target.Auth {
		if err := do(bounded, c, wire.Auth, &a); err != nil {
			return fmt.Errorf("%w: the credential of scheme %s: %w", ErrUnusable, a.Scheme, err)
		}
	}
	err = work(bounded, c)
	_, _ = c.Do(bounded, wire.CloseSession, nil)
	return err
}

// removeTree removes a znode and everything below it. Where an ACL forbids that, it first changes the
// ACL.
func removeTree(ctx context.Context, c *zkclient.Conn, path string) error {
	reply, err := c.Do(ctx, wire.GetChildren, &wire.ReadRequest{Path: path})
	if err == nil && reply.Header.Err == wire.NoAuth {
		_ = do(ctx, c, wire.SetACL, &wire.SetACLRequest{Path: path, ACL: worldAll, Version: -1})
		reply, err = c.Do(ctx, wire.GetChildren, &wire.ReadRequest{Path: path})
	}
	switch {
	case err != nil:
		return err
	case reply.Header.Err == wire.NoNode:
		return nil
	case reply.Header.Err != wire.OK && reply.Header.Err != wire.NoAuth: // a znode that cannot be listed may have no children
		return reply.Header.Err
	}
	if v, err := reply.Decode(); err == nil && reply.Header.Err == wire.OK {
		for _, name := range v.(wire.ChildrenReply).Children {
			if err := removeTree(ctx, c, path+"/"+name); err != nil {
				return err
			}
		}
	}
	remove := &wire.VersionRequest{Path: path, Version: -1}
	err = do(ctx, c, wire.Delete, remove)
	if err == wire.NoAuth {
		parent := path[:max(1, strings.LastIndex(path, "/"))]
		_ = do(ctx, c, wire.SetACL, &wire.SetACLRequest{Path: parent, ACL: worldAll, Version: -1})
		err = do(ctx, c, wire.Delete, remove)
	}
	if err == wire.NoNode {
		return nil
	}
	return err
}

// do sends a request, and returns the code of its reply as an error.
func do(ctx context.Context, c *zkclient.Conn, op wire.Op, record any) error {
	reply, err := c.Do(ctx, op, record)
	if err != nil {
		return err
	}
	if reply.Header.Err != wire.OK {
		return reply.Header.Err
	}
	return nil
}
