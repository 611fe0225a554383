// Package mends shows, for each kind of mistake in the catalogue, how to do it right. docs/programs.md shows the
// functions as they stand here; [Source] returns their text. They use go-zookeeper, which, unlike Java's client, begins a
// new session by itself.
package mends

import (
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

// lost reports whether an error means that no answer came, so that the request may have been carried out.
func lost(err error) bool {
	var broken net.Error
	return errors.As(err, &broken) || errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrNoServer) || errors.Is(err, zk.ErrSessionExpired)
}

// mine lists the children of a path whose names begin with an identifier, as they are now.
func mine(conn *zk.Conn, path, id string) (names []string, err error) {
	if _, err = conn.Sync(path); err != nil {
		return nil, err
	}
	all, _, err := conn.Children(path)
	for _, name := range all {
		if strings.HasPrefix(name, id) {
			names = append(names, path+"/"+name)
		}
	}
	return names, err
}

// Enter creates a znode in a line. The id is new for each call.
func Enter(conn *zk.Conn, line, id string) (znode string, err error) {
	for {
		znode, err = conn.Create(line+"/"+id+"-", nil, zk.FlagEphemeral|zk.FlagSequence, acl)
		if err == nil || !lost(err) {
			return znode, err // created, or refused
		}
		found, err := mine(conn, line, id) // did that create it?
		if err != nil {
			return "", err // unknown: the caller looks again later, or calls Remove
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
}

// Add adds to a number.
func Add(conn *zk.Conn, path string, n int) error {
	for {
		data, stat, err := conn.Get(path)
		if err != nil {
			return err
		}
		old, _ := strconv.Atoi(string(data))
		_, err = conn.Set(path, []byte(strconv.Itoa(old+n)), stat.Version) // refused if somebody wrote meanwhile
		if !errors.Is(err, zk.ErrBadVersion) {
			return err
		}
	}
}

// Lead creates the leader's znode. The epoch is the parent's version, which only this leader's multi brought about.
func Lead(conn *zk.Conn, parent string) (epoch int32, err error) {
	done, err := conn.Multi(
		&zk.SetDataRequest{Path: parent, Version: -1},
		&zk.CreateRequest{Path: parent + "/leader", Flags: zk.FlagEphemeral, Acl: acl},
	)
	if err != nil {
		return 0, err // no answer? Compare ephemeralOwner with the session.
	}
	return done[0].Stat.Version, nil
}

// Resign deletes the leader's znode, if no other leader has come since.
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

// Remove deletes what a call with this id has created. Call it after every failure, even if it is unknown whether there
// is a znode.
func Remove(conn *zk.Conn, line, id string) error {
	for {
		znodes, err := mine(conn, line, id)
		for _, znode := range znodes {
			if gone := conn.Delete(znode, -1); !errors.Is(gone, zk.ErrNoNode) {
				err = errors.Join(err, gone)
			}
		}
		if !lost(err) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Await waits until a znode is gone.
func Await(conn *zk.Conn, path string) error {
	for {
		there, _, event, err := conn.ExistsW(path) // looks, and sets the watch, in one request
		if err != nil {
			return err
		}
		if !there {
			return nil
		}
		<-event // whatever it says: look again
	}
}

// Registration is the registration of an instance. Its znodes are named dir/id-SESSION; no other process has this id.
type Registration struct {
	turn    chan struct{} // of capacity 1: holds a value while a method is under way
	dir, id string
	wanted  bool
	session int64 // in which the instance was registered last
}

// Renew registers the instance in a new session. Call it after each event with zk.StateHasSession, until it succeeds.
// r.turn is a lock.
func (r *Registration) Renew(conn *zk.Conn) error {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	session := conn.SessionID()
	if !r.wanted || r.session == session {
		return nil // deregistered meanwhile, or this session has the znode
	}
	_, err := conn.Create(fmt.Sprintf("%s/%s-%x", r.dir, r.id, session), nil, zk.FlagEphemeral, acl)
	if err != nil && !errors.Is(err, zk.ErrNodeExists) { // it exists: the reply to an earlier try was lost
		return err
	}
	r.session = session
	return nil
}

// Deregister ends the registration.
func (r *Registration) Deregister(conn *zk.Conn) error {
	r.turn <- struct{}{} // not while Renew is under way
	defer func() { <-r.turn }()
	r.wanted = false
	return Remove(conn, r.dir, r.id)
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

// ReadNow reads a znode as it is now, or later.
func ReadNow(conn *zk.Conn, path string) ([]byte, *zk.Stat, error) {
	if _, err := conn.Sync(path); err != nil {
		return nil, nil, err
	}
	return conn.Get(path)
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
		texts = append(texts, comment+"\nfunc "+name+"("+body+"\n}\n")
	}
	return strings.Join(texts, "\n")
}
