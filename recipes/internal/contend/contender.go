package contend

import (
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// Line is a znode under which clients stand in line, each with an ephemeral sequential child. The
// contenders with the lowest numbers are in front.
type Line struct {
	*calls.Recipe
	Folder string   // the path of that znode
	Kind   string   // of its contenders' znodes
	Rivals []string // the kinds of contenders ahead that it has to wait for; nil: its own
	Places int      // how many are in front at a time
	// Yields, if set, reports from the data of a rival whether no contender has to wait for it any
	// more.
	Yields func(data []byte) bool
	// Revocable means that a holder can be asked to give the hold back.
	Revocable bool
	// Agree, if set, checks for a contender that has lined up that this client is right about the line.
	// It sees nothing older than the contender's creation.
	Agree func(ctx context.Context, z *client.Session) error
	// Forewarned means that a contender is also told when it is next, so that it need not look when
	// its turn comes.
	Forewarned bool
	// Beside lists other lines in which a contender also stands, such as the contender of a
	// multi-lock.
	Beside []Line
}

// Contender is this client's place in a line.
type Contender struct {
	znodes.Node
	beside  []*Contender    // its places in the lines beside, made by the same multi
	Session *client.Session // owns the znode
	Czxid   int64           // of its creation
	Data    []byte          // as it was when Changed was set
	// Changed fires when the znode changes or goes.
	Changed <-chan zk.Event
	// Unsure means that a reply was lost while the znode was created. There should be only one
	// znode with this id, but it costs little to check that when it is removed.
	Unsure bool
	// Left means that the create failed, but the znode may exist until it is removed in the
	// background.
	Left bool
	// asked is a request to a quorum that was sent before its answer was needed: see [Line.ask].
	asked *client.Request[struct{}]
}

// Join puts a new contender into the line. If it fails, what it may have left is being removed in
// the background.
func (q Line) Join(ctx context.Context, z *client.Session, data []byte) (*Contender, error) {
	c := q.NewContender(z)
	if err := q.Create(ctx, c, data); err != nil {
		return nil, err
	}
	if err := q.each(c, func(q Line, c *Contender) error { return q.Verify(ctx, c) }); err != nil {
		q.sweep(c.ID, nil)
		return nil, err
	}
	TraceOf(ctx).tellLinedUp(znodes.Join(q.Folder, c.Name))
	return c, nil
}

// Create creates the znode of c, once, however many replies get lost. If it fails, what it may have
// left is being removed in the background.
func (q Line) Create(ctx context.Context, c *Contender, data []byte) (err error) {
	var underWay *client.Request[[]string] // a request that was left behind, and may still be carried out
	defer func() {
		if err != nil && (c.Unsure || underWay != nil) {
			c.Left = true
			q.sweep(c.ID, underWay)
		}
	}()
	var b client.Backoff
	for built := 0; ; {
		if err := q.Client.AwaitConnected(ctx, c.Session); err != nil {
			return err
		}
		r := client.Send(q.Client, c.Session, client.Write, func() ([]string, error) { return q.send(c.ID, data) })
		paths, err := r.Wait(ctx)
		switch {
		case err == nil:
			return q.created(c, paths)
		case errors.Is(err, zk.ErrNoNode) && built < client.MaxRecreate:
			built++
			if err := q.each(c, func(q Line, c *Contender) error { return q.Client.EnsurePath(ctx, c.Session, q.Folder) }); err != nil {
				return err
			}
		case failures.Unanswered(err):
			c.Unsure = true
			found, lost := q.recognise(ctx, c)
			if lost == nil {
				q.Client.Counters.Settled.Add(1)
			}
			if found || lost != nil {
				return lost
			}
			q.Client.Repeat("a create at "+q.Folder, err)
			b.Pause(ctx)
		default:
			if failures.Stopped(err) {
				underWay = r
			} else if !c.Unsure {
				err = NeverMade{err}
			}
			return err
		}
	}
}

// NeverMade is the error for a contender whose znode was not created and never will be. It wraps
// the reason.
type NeverMade struct{ error }

// Unwrap returns the reason.
func (n NeverMade) Unwrap() error { return n.error }

// send sends the create of a contender's znode once, and returns the path of the znode.
func (q Line) send(id string, data []byte) (paths []string, err error) {
	if len(q.Beside) > 0 {
		return q.sendBeside(id, data)
	}
	path, err := q.Client.Conn.Create(q.prefix(id), data, zk.FlagEphemeral|zk.FlagSequence)
	return []string{path}, err
}

func (q Line) prefix(id string) string { return znodes.Join(q.Folder, id+"-"+q.Kind+"-") }

// created stores the paths that the server gave c's znodes.
func (q Line) created(c *Contender, paths []string) error {
	i := 0
	err := q.each(c, func(q Line, c *Contender) error {
		n, ok := znodes.Parse(znodes.Base(paths[i]), q.Kind)
		if !ok {
			return errors.New("server named a znode " + paths[i])
		}
		c.Node = n
		i++
		return nil
	})
	c.Unsure = c.Unsure || err != nil
	return err
}

// recognise finds out whether c's znode was created. If one of several lines lacks it and another
// one has it, another client has removed it from the first one.
func (q Line) recognise(ctx context.Context, c *Contender) (made bool, err error) {
	err = q.each(c, func(q Line, c *Contender) error {
		found, err := q.find(ctx, c.Session, c.ID)
		switch {
		case err != nil:
			return err
		case len(found) > 0:
			c.Node, made = found[0], true
		case made:
			return failures.ErrRemoved
		}
		return nil
	})
	if c.Name == "" && made {
		err = failures.ErrRemoved
	}
	return made, err
}

// Verify reads c's creation zxid, sets a watch on its znode, and makes sure that the znode belongs
// to the present session: a create can be carried out in a later session than the one that sent it.
func (q Line) Verify(ctx context.Context, c *Contender) error {
	path := znodes.Join(q.Folder, c.Name)
	v, err := client.Retry(ctx, q.Client, c.Session, client.Read, func() (v client.Value, err error) {
		v.Data, v.Stat, v.Changed, err = q.Client.Conn.GetW(path)
		return v, err
	})
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return failures.ErrRemoved
	case err != nil:
		return err
	case v.Stat.EphemeralOwner != c.Session.ID:
		return failures.ErrSessionLost
	}
	c.Czxid = v.Stat.Czxid
	c.Data, c.Changed = v.Data, v.Changed
	return nil
}

// Front waits until c is in front of the line. It returns errBusy instead of waiting for others if
// wait is false.
//
// It watches as many of the nearest contenders ahead as there are places: c is not in front while
// all of them exist, whatever happens to the others. In a line that forewarns, it does not watch
// the nearest one as long as one more is ahead, so that c is told when it is next. From then on its
// turn comes when one of the watched contenders goes. It need not look again: no contender lines up
// ahead of it. When it wakes up, it calls woken, if that is set.
func (q Line) Front(ctx context.Context, c *Contender, wait bool, woken func()) error {
	known := knownAhead{skip: make(map[string]bool), watched: make(map[string]<-chan zk.Event)}
	for {
		seen, err := q.look(ctx, c, known.skip)
		if err != nil || seen.front {
			return err
		}
		turn, err := q.await(ctx, c, seen, known, wait)
		switch {
		case errors.Is(err, calls.ErrAgain):
			continue
		case err != nil:
			return err
		}
		if woken != nil {
			woken()
		}
		if turn {
			return nil
		}
	}
}

// position is the place of a contender in its line.
type position struct {
	front bool
	next  bool            // it is in front as soon as one of ahead has gone
	ahead []znodes.Node   // the contenders to watch
	first string          // the first contender of the line
	event <-chan struct{} // the next event of the session after the look began
}

// look lists the line.
func (q Line) look(ctx context.Context, c *Contender, skip map[string]bool) (seen position, err error) {
	seen.event = q.Client.NextEvent()
	names, err := q.Client.Children(ctx, c.Session, q.Folder)
	if err != nil {
		return seen, err
	}
	heeded := q.Places
	if q.Forewarned {
		heeded++
	}
	standing := q.standing(names, c)
	if len(standing) > 0 {
		seen.first = znodes.Join(q.Folder, standing[0].Name)
	}
	seen.ahead, err = nearest(standing, c.Node, skip, heeded)
	if err != nil {
		return seen, err
	}
	seen.front = len(seen.ahead) < q.Places
	seen.next = q.Forewarned && len(seen.ahead) == q.Places
	seen.ahead = seen.ahead[:min(len(seen.ahead), q.Places)]
	return seen, nil
}

// await watches the contenders ahead of c, and waits until another look is worth while. It returns
// errBusy if wait is false. It reports whether c's turn has come without another look: c was next,
// and a contender ahead of it has gone, before any other event of the session.
func (q Line) await(ctx context.Context, c *Contender, seen position, known knownAhead, wait bool) (turn bool, err error) {
	told, stop := q.Client.Deletions.Of(q.paths(seen.ahead))
	defer stop()
	changed, err := q.watch(ctx, c, seen.ahead, known)
	switch {
	case err != nil:
		return false, err
	case !wait:
		return false, errBusy
	}
	TraceOf(ctx).tellWaits(seen.first, q.paths(seen.ahead))
	what, err := q.Client.WaitTold(ctx, c.Session, q.Client.Timeout, seen.event, changed...)
	if err != nil || what.Type != zk.EventNodeDeleted {
		return false, err
	}
	TraceOf(ctx).TellGone(what.Path)
	if !seen.next {
		return false, nil
	}
	return q.Client.InOrder(ctx, c.Session, told, seen.event), nil
}

func (q Line) paths(of []znodes.Node) []string {
	paths := make([]string, len(of))
	for i, n := range of {
		paths[i] = znodes.Join(q.Folder, n.Name)
	}
	return paths
}

// standing returns c and the contenders that c may have to wait for, in order. A contender that
// wakes up has few others ahead of it and maybe many behind it, so standing does not parse or sort
// the names behind it.
func (q Line) standing(names []string, c *Contender) []znodes.Node {
	names = slices.DeleteFunc(names, func(name string) bool { return znodes.SurelyBehind(name, c.Name) })
	all := znodes.Parsed(names, append([]string{q.Kind}, q.Rivals...), znodes.Parse)
	all = slices.DeleteFunc(all, func(n znodes.Node) bool {
		return znodes.Compare(c.Node, n) < 0 || q.Rivals != nil && n.Name != c.Name && !slices.Contains(q.Rivals, n.Kind)
	})
	slices.SortFunc(all, znodes.Compare)
	return all
}

// knownAhead holds what a contender knows about the contenders ahead.
type knownAhead struct {
	skip    map[string]bool            // no contender waits for these: persistent znodes, and contenders that yield
	watched map[string]<-chan zk.Event // contenders; a watch may have fired
}

// watch watches some contenders that existed a moment ago. It returns ErrAgain if one of them has
// gone in the meantime, or is to be skipped.
func (q Line) watch(ctx context.Context, c *Contender, ahead []znodes.Node, known knownAhead) ([]<-chan zk.Event, error) {
	changed := make([]<-chan zk.Event, 0, len(ahead))
	for _, n := range ahead {
		if ch := known.watched[n.Name]; ch != nil && !client.Fired(ch) {
			changed = append(changed, ch)
			continue
		}
		v, err := q.Client.GetW(ctx, c.Session, znodes.Join(q.Folder, n.Name))
		switch {
		case errors.Is(err, zk.ErrNoNode):
			return nil, calls.ErrAgain
		case err != nil:
			return nil, err
		case v.Stat.EphemeralOwner == 0 || q.Yields != nil && q.Yields(v.Data):
			known.skip[n.Name] = true
			return nil, calls.ErrAgain
		}
		known.watched[n.Name] = v.Changed
		changed = append(changed, v.Changed)
	}
	return changed, nil
}

// nearest returns at most most nodes ahead of own, those nearest to it. A list that was read after
// own was created has own, unless another client removed it.
func nearest(list []znodes.Node, own znodes.Node, skip map[string]bool, most int) ([]znodes.Node, error) {
	ahead := make([]znodes.Node, 0, len(list))
	present := false
	for _, n := range list {
		switch {
		case n.Name == own.Name:
			present = true
		case n.ID != own.ID && !skip[n.Name] && znodes.Before(n.Seq, own.Seq):
			ahead = append(ahead, n)
		}
	}
	if !present {
		return nil, failures.ErrRemoved
	}
	return ahead[max(0, len(ahead)-most):], nil
}

// find returns, in order, the znodes that have id in their names at some time during the call.
func (q Line) find(ctx context.Context, z *client.Session, id string) ([]znodes.Node, error) {
	names, err := q.Client.FreshChildren(ctx, z, q.Folder)
	if err != nil {
		return nil, err
	}
	var found []znodes.Node
	for _, n := range znodes.Nodes(names, q.Kind) {
		if n.ID == id {
			found = append(found, n)
		}
	}
	return found, nil
}

// Leave removes c. If it fails, the removal goes on in the background. It returns ErrLost if the
// znode was gone already or its session had ended.
func (q Line) Leave(ctx context.Context, c *Contender) error {
	was, err := q.Client.RemoveAll(ctx, c.Session, q.znodes(c))
	switch {
	case errors.Is(err, failures.ErrSessionLost):
		return failures.ErrLost
	case err != nil:
		q.Abandon(c)
		return err
	}
	q.SweepIf(c.Unsure, c.ID)
	if !was {
		return failures.ErrLost
	}
	return nil
}

// Abandon removes c in the background. It gives up when c's session has gone, as the znode goes
// with it.
func (q Line) Abandon(c *Contender) {
	q.Background(func(ctx context.Context, refused func(error)) {
		var b client.Backoff
		for !c.Session.IsGone() && ctx.Err() == nil {
			_, err := q.Client.RemoveAll(ctx, c.Session, q.znodes(c))
			if err == nil {
				q.SweepIf(c.Unsure, c.ID)
				return
			}
			refused(err)
			b.Pause(ctx)
		}
	})
}

// SweepIf removes in the background all znodes with id in their names, if needed is true.
func (q Line) SweepIf(needed bool, id string) {
	if needed {
		q.sweep(id, nil)
	}
}

// sweep removes in the background all znodes with id in their names, once the create that is under
// way, if any, has ended. It looks in whichever session there is then, because a create can be
// carried out in a later session than the one that sent it.
func (q Line) sweep(id string, create *client.Request[[]string]) {
	var after <-chan struct{}
	if create != nil {
		after = create.Done
	}
	q.CleanUp(after, func(ctx context.Context, z *client.Session) error { return q.Swept(ctx, z, id) })
}

// Swept removes the znodes with id in their names. If it returns nil, none is left.
func (q Line) Swept(ctx context.Context, z *client.Session, id string) error {
	for _, beside := range q.Beside {
		if err := beside.Swept(ctx, z, id); err != nil {
			return err
		}
	}
	found, err := q.find(ctx, z, id)
	if err != nil {
		return err
	}
	for _, n := range found {
		if _, err := q.Client.Remove(ctx, z, znodes.Join(q.Folder, n.Name)); err != nil {
			return err
		}
	}
	return nil
}
