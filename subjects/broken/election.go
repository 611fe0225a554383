package broken

import (
	"context"
	"sort"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// sortsByID sorts the candidates by their whole names, which begin with their ids, and not
// by their sequence numbers: a candidate with a low id leads at once, although another one
// does.
type sortsByID struct {
	conn *zk.Conn
	path string
	id   string
	node string
}

// SortsByID returns an election that two candidates can win: it sorts them by their ids. Property
// "exclusion" finds it whenever clients compete.
func SortsByID(c *subjects.Client, path, id string) (subjects.Election, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Election { return &sortsByID{conn: conn, path: path, id: id} })
}

func (e *sortsByID) Campaign(ctx context.Context) error {
	node, err := e.conn.Create(e.path+"/"+e.id+"-", []byte(e.id), zk.FlagEphemeral|zk.FlagSequence, openACL)
	if err != nil {
		return err
	}
	e.node = node
	for {
		names, _, changed, err := e.conn.ChildrenW(e.path)
		if err != nil {
			return err
		}
		sort.Strings(names)
		if len(names) > 0 && e.path+"/"+names[0] == node {
			return nil
		}
		if err := waitFor(ctx, changed); err != nil {
			_ = e.conn.Delete(node, -1)
			return err
		}
	}
}

func (e *sortsByID) Resign(context.Context) error { return e.conn.Delete(e.node, -1) }

// neverRegains waits for ever once its session has been lost.
type neverRegains struct {
	subjects.Election
	client  *subjects.Client
	session int64
}

// NeverRegains returns an election whose candidate does not campaign again in a new session.
// Property "progress" finds it when sessions expire.
func NeverRegains(c *subjects.Client, path, id string) (subjects.Election, error) {
	inner, err := subjects.NewElection(c, path, id)
	return &neverRegains{Election: inner, client: c}, err
}

func (e *neverRegains) Campaign(ctx context.Context) error {
	if e.session == 0 {
		e.session = e.client.Conn.SessionID()
	}
	if e.client.Conn.SessionID() != e.session {
		<-ctx.Done()
		return ctx.Err()
	}
	return e.Election.Campaign(ctx)
}
