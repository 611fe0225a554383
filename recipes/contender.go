package recipes

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"
)

// line is a folder in which clients stand in line, each with an ephemeral
// sequential znode: the one with the lowest number is in front.
type line struct {
	s     *Session
	path  string
	kind  string
	tasks tasks // clean-ups in the background
}

// contender is this client's place in a line.
type contender struct {
	node
	life  *life // that owns the znode
	czxid int64 // of its creation
	// own fires when the znode changes or goes.
	own <-chan zk.Event
	// unsure: a reply was lost while it was made; there should be only one
	// znode with this id, but it costs little to look when it is removed.
	unsure bool
}

// join puts a new contender into the line. When it fails, what it may have left
// is being removed in the background.
func (q *line) join(ctx context.Context, l *life, data []byte) (*contender, error) {
	c := &contender{node: node{id: newID()}, life: l}
	if err := q.create(ctx, c, data); err != nil {
		return nil, err
	}
	if err := q.verify(ctx, c); err != nil {
		q.sweep(c.id, nil)
		return nil, err
	}
	return c, nil
}

// create makes the znode of c, once, whatever replies get lost.
func (q *line) create(ctx context.Context, c *contender, data []byte) error {
	prefix := join(q.path, c.id+"-"+q.kind+"-")
	var b backoff
	for built := 0; ; {
		if err := q.s.connected(ctx, c.life); err != nil {
			q.sweepIf(c.unsure, c.id)
			return err
		}
		request := send(q.s, c.life, write, func() (string, error) {
			return q.s.conn.Create(prefix, data, zk.FlagEphemeral|zk.FlagSequence, acl())
		})
		path, err := request.wait(ctx)
		switch {
		case err == nil:
			n, ok := parse(base(path), q.kind)
			if !ok {
				q.sweep(c.id, nil)
				return errors.New("server named a znode " + path)
			}
			c.node = n
			return nil
		case errors.Is(err, zk.ErrNoNode) && built < rebuilds:
			built++
			if err := q.s.build(ctx, c.life, q.path); err != nil {
				q.sweepIf(c.unsure, c.id)
				return err
			}
		case unanswered(err):
			c.unsure = true
			found, err := q.find(ctx, c.life, c.id)
			if err != nil {
				q.sweep(c.id, nil)
				return err
			}
			if len(found) > 0 {
				c.node = found[0]
				return nil
			}
			b.pause(ctx)
		case stopped(err):
			q.sweep(c.id, request)
			return err
		default:
			q.sweepIf(c.unsure, c.id)
			return err
		}
	}
}

// verify learns c's creation zxid and sets a watch on it, and makes sure that it
// is the present session's: a create can be carried out in a later session than
// it was asked for.
func (q *line) verify(ctx context.Context, c *contender) error {
	v, err := ask(ctx, q.s, c.life, read, func() (value, error) {
		_, stat, ch, err := q.s.conn.GetW(join(q.path, c.name))
		return value{stat: stat, changed: ch}, err
	})
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return ErrRemoved
	case err != nil:
		return err
	case v.stat.EphemeralOwner != c.life.id:
		return ErrSessionLost
	}
	c.czxid = v.stat.Czxid
	c.own = v.changed
	return nil
}

// front waits until c is in front of the line.
func (q *line) front(ctx context.Context, c *contender) error {
	skip := make(map[string]bool) // persistent znodes that look like contenders
	for {
		news := q.s.nextNews()
		names, err := q.s.children(ctx, c.life, q.path)
		if err != nil {
			return err
		}
		ahead, err := predecessor(nodes(names, q.kind), c.node, skip)
		if err != nil || ahead == "" {
			return err
		}
		// The one ahead may have gone since: then look again.
		v, err := q.s.get(ctx, c.life, join(q.path, ahead))
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue
		case err != nil:
			return err
		case v.stat.EphemeralOwner == 0:
			skip[ahead] = true
			continue
		}
		if err := q.s.wait(ctx, c.life, news, v.changed); err != nil {
			return err
		}
	}
}

// predecessor returns the name of the node right ahead of own, "" if own is in
// front. A list that was read after own was created shows it, unless somebody
// removed it.
func predecessor(list []node, own node, skip map[string]bool) (string, error) {
	var ahead *node
	present := false
	for i, n := range list {
		switch {
		case n.name == own.name:
			present = true
		case n.id == own.id || skip[n.name] || !before(n.seq, own.seq):
		case ahead == nil || before(ahead.seq, n.seq):
			ahead = &list[i]
		}
	}
	switch {
	case !present:
		return "", ErrRemoved
	case ahead == nil:
		return "", nil
	}
	return ahead.name, nil
}

// find returns, in order, the znodes that carry id at some time during the call.
func (q *line) find(ctx context.Context, l *life, id string) ([]node, error) {
	names, err := q.s.fencedChildren(ctx, l, q.path)
	if err != nil {
		return nil, err
	}
	var found []node
	for _, n := range nodes(names, q.kind) {
		if n.id == id {
			found = append(found, n)
		}
	}
	return found, nil
}

// leave removes c. When it fails, the removal goes on in the background. It
// answers ErrLost when the znode was gone already or its session ended.
func (q *line) leave(ctx context.Context, c *contender) error {
	was, err := q.s.remove(ctx, c.life, join(q.path, c.name))
	switch {
	case errors.Is(err, ErrSessionLost):
		return ErrLost
	case err != nil:
		q.abandon(c)
		return err
	}
	q.sweepIf(c.unsure, c.id)
	if !was {
		return ErrLost
	}
	return nil
}

// abandon removes c in the background. It gives up when c's session has gone,
// which takes the znode with it.
func (q *line) abandon(c *contender) {
	q.s.background(&q.tasks, func(ctx context.Context) {
		var b backoff
		for !c.life.isGone() && ctx.Err() == nil {
			if _, err := q.s.remove(ctx, c.life, join(q.path, c.name)); err == nil {
				q.sweepIf(c.unsure, c.id)
				return
			}
			b.pause(ctx)
		}
	})
}

func (q *line) sweepIf(needed bool, id string) {
	if needed {
		q.sweep(id, nil)
	}
}

// sweep removes in the background whatever carries id, once the create that is
// under way, if any, has come to its end. It looks in whichever session there is
// then, because a create can be carried out in a later session than it was asked
// for.
func (q *line) sweep(id string, create *flight[string]) {
	var after <-chan struct{}
	if create != nil {
		after = create.done
	}
	q.s.cleanUp(&q.tasks, after, func(ctx context.Context, l *life) bool { return q.swept(ctx, l, id) })
}

// swept removes what carries id and reports whether nothing is left.
func (q *line) swept(ctx context.Context, l *life, id string) bool {
	found, err := q.find(ctx, l, id)
	if err != nil {
		return false
	}
	for _, n := range found {
		if _, err := q.s.remove(ctx, l, join(q.path, n.name)); err != nil {
			return false
		}
	}
	return true
}
