package recipes

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// Directory lists the instances of a service, whichever program has registered them: instances of
// [Service], of Apache Curator's service discovery and of serversets; see [ParseInstance]. It writes
// nothing, and its path need not exist. For services of this package alone, [Service] reads less.
//
// Guarantees: a listing has each instance that was registered before the call and has not gone
// since. What [Directory.Changes] has returned is never followed by an earlier state, not even
// across sessions.
//
// Limits: the directory reads each znode by itself, and programs can write again to znodes in other
// formats than zklab's. So a listing can show one instance as it was before a change, and another
// one as it was after it.
//
// Cost: a listing makes two requests, and one for each child of the path. A client that follows the
// changes repeats all but the first of these after each change, and once in each session timeout.
//
// A Directory is safe for concurrent use.
type Directory struct{ r *calls.Recipe }

// NewDirectory returns the directory of the service at path, such as /services/web.
func NewDirectory(c *Client, path string) *Directory { return &Directory{calls.New(c.client, path)} }

// Listing holds what a directory has read.
type Listing struct {
	Exists     bool         // the path exists
	Instances  []Registered // sorted by ID; never nil
	Off        []Registered // instances that clients must not call, sorted by ID
	Unreadable []Unreadable // the other children of the path, sorted by name
}

// Unreadable is a znode that is not an instance, or that the client may not read.
type Unreadable struct {
	Znode  string // its name
	Reason string
}

// List lists the instances as they are at some time during the call. NoEffect is true for its
// errors: [ErrClosed], the error of ctx, or what a server refused.
func (d *Directory) List(ctx context.Context) (l Listing, err error) {
	err = d.r.Attempts(ctx, "list instances", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		if _, err := d.r.Client.QuorumSync(ctx, z, d.r.Path); err != nil {
			return calls.NotApplied, err
		}
		l, err = d.listed(ctx, z)
		return calls.AppliedUnless(err)
	})
	return l, err
}

func (d *Directory) listed(ctx context.Context, z *client.Session) (Listing, error) {
	for {
		v, err := d.r.Client.Listed(ctx, z, d.r.Path, false)
		if errors.Is(err, zk.ErrNoNode) {
			return nothing(), nil
		}
		if err != nil {
			return Listing{}, err
		}
		l, _, err := d.read(ctx, z, v.Names, d.r.Client.Get)
		if !errors.Is(err, zk.ErrNoNode) {
			return l, err
		}
	}
}

// nothing returns the listing of a path that does not exist.
func nothing() Listing { return Listing{Instances: []Registered{}} }

// Changes returns the listing, and returns it again each time that it has changed, until ctx ends
// or the loop does. Several changes between two steps come as one. While the path does not exist,
// Changes waits for it.
//
// The last step has an error, for which NoEffect is true: [ErrClosed], the error of ctx, or what a
// server refused.
func (d *Directory) Changes(ctx context.Context) iter.Seq2[Listing, error] {
	return func(yield func(Listing, error) bool) {
		f := calls.Follower[Listing]{Recipe: d.r, Look: d.watched, Equal: func(a, b Listing) bool { return reflect.DeepEqual(a, b) }}
		for {
			now, err := f.Follow(ctx, "changes")
			if !yield(now, err) || err != nil {
				return
			}
		}
	}
}

// watched returns the listing, and the watches on all of it.
func (d *Directory) watched(ctx context.Context, z *client.Session) (Listing, []<-chan zk.Event, error) {
	v, err := d.r.Client.ChildrenW(ctx, z, d.r.Path)
	if errors.Is(err, zk.ErrNoNode) {
		v, err = d.r.Client.ExistsW(ctx, z, d.r.Path)
		if err == nil && v.Stat != nil {
			err = zk.ErrNoNode // it was created just now: look again
		}
		return nothing(), []<-chan zk.Event{v.Changed}, err
	}
	if err != nil {
		return Listing{}, nil, err
	}
	l, changed, err := d.read(ctx, z, v.Names, d.r.Client.GetW)
	return l, append(changed, v.Changed), err
}

// read reads the children of the path. It returns zk.ErrNoNode if one of them has gone since they
// were listed.
func (d *Directory) read(ctx context.Context, z *client.Session, names []string, get func(context.Context, *client.Session, string) (client.Value, error)) (Listing, []<-chan zk.Event, error) {
	l := Listing{Exists: true}
	var all []Registered
	var changed []<-chan zk.Event
	for _, name := range inTurn(names) {
		v, err := get(ctx, z, znodes.Join(d.r.Path, name))
		if err != nil && !errors.Is(err, zk.ErrNoAuth) {
			return Listing{}, nil, err
		}
		var r Registered
		if err == nil {
			changed = append(changed, v.Changed)
			r, err = parseRegistered(name, v)
		}
		if err != nil {
			l.Unreadable = append(l.Unreadable, Unreadable{name, err.Error()})
			continue
		}
		all = append(all, r)
	}
	l.sort(all)
	return l, changed, nil
}

// inTurn returns the names of members in the order in which they joined, and then all others.
func inTurn(names []string) []string {
	all, others := []string{}, []string{}
	for _, n := range znodes.Nodes(names, kindMember) {
		all = append(all, n.Name)
	}
	for _, name := range names {
		if _, member := znodes.Parse(name, kindMember); !member {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return append(all, others...)
}

// parseRegistered is like ParseInstance, but a znode in zklab's format must be ephemeral.
func parseRegistered(name string, v client.Value) (Registered, error) {
	r, err := ParseInstance(name, v.Data)
	if err == nil && r.Format == FormatZklab && v.Stat.EphemeralOwner == 0 {
		return r, errors.New("the znode is persistent, those of instances are ephemeral")
	}
	return r, err
}

// sort stores all instances that were read. It leaves out those in zklab's format that others with
// the same ID replace.
func (l *Listing) sort(all []Registered) {
	byID := func(a, b Registered) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Znode, b.Znode)) }
	l.Instances = []Registered{}
	for _, r := range current(all) {
		if r.Off == "" {
			l.Instances = append(l.Instances, r)
		} else {
			l.Off = append(l.Off, r)
		}
	}
	slices.SortFunc(l.Instances, byID)
	slices.SortFunc(l.Off, byID)
	slices.SortFunc(l.Unreadable, func(a, b Unreadable) int { return cmp.Compare(a.Znode, b.Znode) })
}

// current leaves out the replaced instances.
func current(all []Registered) (left []Registered) {
	var own []Registered
	var entries []entry
	for _, r := range all {
		if r.Format != FormatZklab {
			left = append(left, r)
			continue
		}
		own, entries = append(own, r), append(entries, r.entry)
	}
	for _, i := range shown(entries) {
		left = append(left, own[i])
	}
	return left
}

// Close ends the calls that wait.
func (d *Directory) Close(ctx context.Context) error {
	d.r.StopCalls()
	return d.r.Drain(ctx, "close directory")
}
