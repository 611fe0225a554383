// Package mends shows, for each kind of mistake in the catalogue, how to do it right. docs/programs.md shows the
// functions as they stand here; [Source] returns their text. They use go-zookeeper, which, unlike Java's client, begins a
// new session by itself.
package mends

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

var acl = zk.WorldACL(zk.PermAll)

// lost reports whether an error means that no answer came, so that the request may have been carried out. After
// conn.Close, all requests end so.
func lost(err error) bool {
	var broken net.Error
	return errors.As(err, &broken) || errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrClosing) ||
		errors.Is(err, zk.ErrNoServer) || errors.Is(err, zk.ErrSessionExpired)
}

// pause waits before a request is repeated.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(100 * time.Millisecond):
		return nil
	}
}

// inOneSession makes some requests, and makes them again if a new session began meanwhile.
func inOneSession(conn *zk.Conn, requests func(session int64) error) error {
	for {
		session := conn.SessionID()
		err := requests(session)
		if conn.SessionID() == session {
			return err
		}
	}
}

// mine lists the children of a path whose names begin with an identifier and a hyphen, after a sync. Identifiers have
// no hyphens.
func mine(conn *zk.Conn, path, id string) (names []string, err error) {
	if _, err = conn.Sync(path); err != nil {
		return nil, err
	}
	all, _, err := conn.Children(path)
	for _, name := range all {
		if strings.HasPrefix(name, id+"-") {
			names = append(names, path+"/"+name)
		}
	}
	return names, err
}

// Enter creates a znode in a line: sequential children of one parent. The id is new for each call, and has no hyphen.
func Enter(conn *zk.Conn, line, id string) (znode string, err error) {
	for {
		znode, err = conn.Create(line+"/"+id+"-", nil, zk.FlagEphemeral|zk.FlagSequence, acl)
		if err == nil || !lost(err) {
			return znode, err // created, or refused
		}
		found, err := mine(conn, line, id) // did that create it?
		if err != nil {
			return "", err // unknown: the caller looks again later, or calls Remove (below)
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
}

// Add adds to a number. If lost reports true for its error, it may have added: a caller that repeats it may add twice.
func Add(conn *zk.Conn, path string, n int) error {
	for {
		data, stat, err := conn.Get(path)
		if err != nil {
			return err
		}
		old, err := strconv.Atoi(string(data))
		if err != nil {
			return err // it holds no number: leave it as it is
		}
		_, err = conn.Set(path, []byte(strconv.Itoa(old+n)), stat.Version) // refused if another client wrote meanwhile
		if !errors.Is(err, zk.ErrBadVersion) {
			return err
		}
	}
}

// Lead creates the leader's znode. The epoch is the parent's version, which only this leader's multi brought about. No
// other code writes the parent's data, and no client deletes the parent, because its version would start again at 0.
func Lead(conn *zk.Conn, parent string) (epoch int32, err error) {
	data, stat, err := conn.Get(parent)
	if err != nil {
		return 0, err
	}
	done, err := conn.Multi(
		&zk.SetDataRequest{Path: parent, Data: data, Version: stat.Version}, // unchanged, but the version rises
		&zk.CreateRequest{Path: parent + "/leader", Flags: zk.FlagEphemeral, Acl: acl},
	)
	if err != nil {
		return 0, err // another session leads, or was quicker. Or no answer came: the caller calls Epoch until one comes.
	}
	return done[0].Stat.Version, nil
}

// Epoch returns the epoch of this session, or zk.ErrNoNode if another session leads, or none.
func Epoch(conn *zk.Conn, parent string) (epoch int32, err error) {
	err = inOneSession(conn, func(session int64) error {
		if _, err := conn.Sync(parent); err != nil {
			return err
		}
		_, of, err := conn.Get(parent)
		if err != nil {
			return err
		}
		_, leader, err := conn.Get(parent + "/leader")
		if err == nil && leader.EphemeralOwner != session {
			err = zk.ErrNoNode
		}
		epoch = of.Version
		return err
	})
	return epoch, err
}

// Resign deletes the leader's znode, if no other leader has come since. After a lost reply, the caller calls it again:
// zk.ErrNoNode and zk.ErrBadVersion then mean that the znode of this epoch is gone.
func Resign(conn *zk.Conn, parent string, epoch int32) error {
	_, err := conn.Multi(
		&zk.CheckVersionRequest{Path: parent, Version: epoch},
		&zk.DeleteRequest{Path: parent + "/leader", Version: -1},
	)
	return err
}

// Block is a block of numbers that this process has claimed.
type Block struct{ next, end int }

// Next returns a number that no other process gets. claim adds to the znode, as Add does, and returns the old number.
func (b *Block) Next(claim func(size int) (first int, err error)) (int, error) {
	if b.next == b.end {
		first, err := claim(1000)
		if err != nil {
			return 0, err // refused or unknown: b stays as it was
		}
		b.next, b.end = first, first+1000
	}
	b.next++
	return b.next - 1, nil
}

// Remove deletes what a call with this id has created, until it has succeeded or ctx ends. Call it after every failure,
// even if it is unknown whether there is a znode.
func Remove(ctx context.Context, conn *zk.Conn, line, id string) error {
	for {
		err := removeAllBut(conn, line, id, "")
		if !lost(err) {
			return err
		}
		if ended := pause(ctx); ended != nil {
			return errors.Join(ended, err)
		}
	}
}

// removeAllBut deletes the znodes with an id, except one.
func removeAllBut(conn *zk.Conn, line, id, kept string) error {
	znodes, err := mine(conn, line, id)
	for _, znode := range znodes {
		if znode == kept {
			continue
		}
		if gone := conn.Delete(znode, -1); !errors.Is(gone, zk.ErrNoNode) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// Await waits until a znode is gone, or ctx ends. The caller then looks whether its own znode is still there.
func Await(ctx context.Context, conn *zk.Conn, path string) error {
	for {
		_, _, event, err := conn.GetW(path) // looks, and sets the watch, in one request
		switch {
		case errors.Is(err, zk.ErrNoNode):
			return nil // and GetW, unlike ExistsW, has left no watch
		case lost(err):
			if err := pause(ctx); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			select {
			case <-event: // whatever it says: look again
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// Registration is the registration of an instance. Its znodes are named dir/id-SESSION. No other process has this id,
// which has no hyphen.
type Registration struct {
	turn    chan struct{} // has room for one value, and holds one while a method is under way
	dir, id string
	wanted  bool
	session int64 // in which the instance was registered last
}

// Renew registers the instance in a new session. Call it after each event with zk.StateHasSession, until it succeeds.
// r.turn is a channel with room for one value, and serves as a lock.
func (r *Registration) Renew(conn *zk.Conn) error {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	return inOneSession(conn, func(session int64) error {
		if !r.wanted || r.session == session {
			return nil // deregistered meanwhile, or this session has the znode
		}
		znode := fmt.Sprintf("%s/%s-%x", r.dir, r.id, session)
		_, err := conn.Create(znode, nil, zk.FlagEphemeral, acl)
		if err != nil && !errors.Is(err, zk.ErrNodeExists) { // it exists: the reply to an earlier try was lost
			return err
		}
		if err := removeAllBut(conn, r.dir, r.id, znode); err != nil { // a try may have run in a later session than it meant
			return err
		}
		r.session = session
		return nil
	})
}

// Deregister ends the registration. If ctx ends first, call it again: the znode may still be there.
func (r *Registration) Deregister(ctx context.Context, conn *zk.Conn) error {
	r.turn <- struct{}{} // not while Renew is under way
	defer func() { <-r.turn }()
	r.wanted = false
	return Remove(ctx, conn, r.dir, r.id)
}

// Resource is something that a lock guards.
type Resource struct{ highest int64 }

// Write runs in the resource, for the holder with this token: one call after the other.
func (r *Resource) Write(token int64, write func()) error {
	if token < r.highest {
		return errors.New("there is a later holder")
	}
	r.highest = token
	write()
	return nil
}

// WriteWhileHeld writes a znode if the lock is still held: hold is the holder's own znode, which Enter created.
func WriteWhileHeld(conn *zk.Conn, hold, path string, data []byte) error {
	_, err := conn.Multi(
		&zk.CheckVersionRequest{Path: hold, Version: 0},
		&zk.SetDataRequest{Path: path, Data: data, Version: -1},
	)
	return err
}

// ReadNow reads a znode after a sync. Both are in one session, because a new session may begin on a server that is behind.
func ReadNow(conn *zk.Conn, path string) (data []byte, stat *zk.Stat, err error) {
	err = inOneSession(conn, func(int64) error {
		if _, err := conn.Sync(path); err != nil {
			return err
		}
		data, stat, err = conn.Get(path)
		return err
	})
	return data, stat, err
}

//go:embed mends.go
var source string

// Source returns the source of functions of this package, with their comments: "Lead", or "(b *Block) Next".
func Source(functions ...string) string {
	var texts []string
	for _, name := range functions {
		before, text, found := strings.Cut(source, "\nfunc "+name+"(")
		if !found {
			panic("there is no function " + name)
		}
		body, _, _ := strings.Cut(text, "\n}\n")
		comment := before[strings.LastIndex(before, "\n\n")+2:]
		if !strings.HasPrefix(comment, "//") {
			panic("there is no comment of " + name)
		}
		texts = append(texts, comment+"\nfunc "+name+"("+body+"\n}\n")
	}
	return strings.Join(texts, "\n")
}
