package broken

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/subjects"
)

// dealer is a partitioner: the members are numbered ephemeral znodes, and each item is a line of
// contenders. It looks from time to time instead of watching. A defect replaces one of its
// functions.
type dealer struct {
	conn    *zk.Conn
	path    string
	items   []string
	member  string // this member's name; "" if it is no member
	nodes   []string
	token   int64
	session int64 // in which it made its contenders
	present []string

	members func(now []string) []string         // the members that it believes to be there
	deal    func(members, items []string) []int // how many items each gets
	flags   int32                               // of contenders
	waits   bool
}

// newDealer returns a dealer with a defect, which wrong makes.
func newDealer(c *subjects.Client, path string, items []string, wrong func(*dealer)) (*dealer, error) {
	for _, folder := range []string{path, path + "/members", path + "/items"} {
		if err := ensure(c, folder); err != nil {
			return nil, err
		}
	}
	for _, item := range items {
		if err := ensure(c, path+"/items/"+item); err != nil {
			return nil, err
		}
	}
	d := &dealer{
		conn: c.Conn, path: path, items: items, flags: zk.FlagEphemeral, waits: true,
		members: func(now []string) []string { return now },
		deal: func(members, items []string) []int {
			var many []int
			for i := range members {
				many = append(many, (len(items)+len(members)-1-i)/len(members))
			}
			return many
		},
	}
	wrong(d)
	return d, nil
}

// due returns the items that are due to this member, by the members that it sees.
func (d *dealer) due() ([]string, error) {
	now, _, err := d.conn.Children(d.path + "/members")
	if err != nil {
		return nil, err
	}
	members := d.members(slices.Sorted(slices.Values(now)))
	own, from := slices.Index(members, d.member), 0
	if own < 0 {
		return nil, zk.ErrSessionExpired
	}
	many := d.deal(members, d.items)
	for _, n := range many[:own] {
		from += n
	}
	return d.items[min(from, len(d.items)):min(from+many[own], len(d.items))], nil
}

func (d *dealer) join() error {
	if d.member != "" {
		if there, _, err := d.conn.Exists(d.path + "/members/" + d.member); err != nil || there {
			return err
		}
	}
	node, err := d.conn.Create(d.path+"/members/member-", nil, zk.FlagEphemeral|zk.FlagSequence, openACL)
	if err == nil {
		d.member = node[strings.LastIndexByte(node, '/')+1:]
	}
	return err
}

func (d *dealer) Acquire(ctx context.Context) (items []string, err error) {
	defer func() {
		if err != nil {
			_ = d.Leave(ctx)
		}
	}()
	for {
		if err := d.join(); err != nil {
			return nil, err
		}
		switch items, err := d.take(ctx); {
		case err != nil && !errors.Is(err, zk.ErrSessionExpired):
			return nil, err
		case len(items) > 0:
			d.present = items
			return items, nil
		}
		if err := await.Sleep(ctx, lookAgain); err != nil {
			return nil, err
		}
	}
}

// take stands in line for the items that are due to this member. It returns nothing if these change
// meanwhile.
func (d *dealer) take(ctx context.Context) ([]string, error) {
	due, err := d.due()
	if err != nil || len(due) == 0 {
		return nil, err
	}
	var ops []any
	for _, item := range due {
		ops = append(ops, &zk.CreateRequest{Path: d.path + "/items/" + item + "/lock-", Acl: openACL, Flags: d.flags | zk.FlagSequence})
	}
	made, err := d.conn.Multi(ops...)
	if err != nil {
		return nil, err
	}
	d.nodes, d.session = nil, d.conn.SessionID()
	for _, m := range made {
		d.nodes = append(d.nodes, m.String)
	}
	_, stat, err := d.conn.Exists(d.nodes[0])
	if err != nil {
		return nil, errors.Join(err, d.Release(ctx))
	}
	d.token = stat.Czxid
	for d.waits {
		now, err := d.due()
		if err != nil || !slices.Equal(now, due) {
			return nil, errors.Join(err, d.Release(ctx))
		}
		if front, err := d.front(); front || err != nil {
			return due, err
		}
		if err := await.Sleep(ctx, lookAgain); err != nil {
			return nil, errors.Join(err, d.Release(ctx))
		}
	}
	return due, nil
}

// front reports whether this member's contenders are the first in all of their lines.
func (d *dealer) front() (bool, error) {
	for _, node := range d.nodes {
		folder, name := node[:strings.LastIndexByte(node, '/')], node[strings.LastIndexByte(node, '/')+1:]
		names, _, err := d.conn.Children(folder)
		if err != nil || !slices.Contains(names, name) {
			return false, errors.Join(err, zk.ErrSessionExpired)
		}
		if slices.Min(names) != name {
			return false, nil
		}
	}
	return true, nil
}

func (d *dealer) Changed(ctx context.Context) error {
	for {
		if now, err := d.due(); err != nil || !slices.Equal(now, d.present) {
			return nil
		}
		if err := await.Sleep(ctx, lookAgain); err != nil {
			return err
		}
	}
}

// Release deletes this member's contenders, unless they belong to another session.
func (d *dealer) Release(context.Context) error {
	nodes := d.nodes
	d.nodes = nil
	if d.conn.SessionID() != d.session {
		return nil
	}
	var errs []error
	for _, node := range nodes {
		errs = append(errs, d.conn.Delete(node, -1))
	}
	return errors.Join(errs...)
}

func (d *dealer) Leave(context.Context) error {
	member := d.member
	if d.member = ""; member == "" {
		return nil
	}
	return d.conn.Delete(d.path+"/members/"+member, -1)
}

// TakesAtOnce returns a partitioner that takes its share as soon as it knows which it is, while
// those that had it have not yet given it back. Property "exclusion" finds it whenever members come
// or go.
func TakesAtOnce(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
	d, err := newDealer(c, path, items, func(d *dealer) { d.waits = false })
	return fencedDealer{d}, err
}

// fencedDealer is a dealer that has fencing tokens.
type fencedDealer struct{ *dealer }

func (d fencedDealer) Fence() int64 { return d.token }

// MissesLeaves returns a partitioner that never forgets another member that it has seen. Property
// "coverage" finds it whenever members leave.
func MissesLeaves(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
	return newDealer(c, path, items, func(d *dealer) {
		seen, own := map[string]bool{}, map[string]bool{}
		d.members = func(now []string) []string {
			own[d.member] = true
			for _, m := range now {
				seen[m] = true
			}
			var all []string
			for m := range seen {
				if m == d.member || !own[m] {
					all = append(all, m)
				}
			}
			slices.Sort(all)
			return all
		}
	})
}

// Greedy returns a partitioner that deals one item to each member, and all others to the first.
// Property "balance" finds it whenever there are several members.
func Greedy(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
	return newDealer(c, path, items, func(d *dealer) {
		d.deal = func(members, items []string) []int {
			many := slices.Repeat([]int{1}, len(members))
			many[0] += max(0, len(items)-len(members))
			return many
		}
	})
}

// ItemsSurvive returns a partitioner whose items are held by persistent znodes: those of a member
// whose session ends are never given back. Property "progress" finds it when sessions of holders
// expire.
func ItemsSurvive(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
	return newDealer(c, path, items, func(d *dealer) { d.flags = 0 })
}

// rightPartitioner has what zklab's own partitioner offers in addition to the contract.
type rightPartitioner interface {
	subjects.Partitioner
	subjects.Closer
	Fence() int64
	Session() int64
	Lost() <-chan struct{}
}

func newRightPartitioner(c *subjects.Client, path string, items []string) (rightPartitioner, error) {
	p, err := subjects.NewPartitioner(c, path, items)
	if err != nil {
		return nil, err
	}
	return p.(rightPartitioner), nil
}

// deafPartitioner is never told of a change.
type deafPartitioner struct{ rightPartitioner }

// DeafPartitioner returns a partitioner that is never told that another share is due to it.
// Property "progress" finds it whenever members join while others hold on.
func DeafPartitioner(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
	p, err := newRightPartitioner(c, path, items)
	return deafPartitioner{p}, err
}

func (deafPartitioner) Changed(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// countOfItsOwn returns tokens that rise for each member, but not across members.
type countOfItsOwn struct {
	rightPartitioner
	count int64
}

// CountOfItsOwn returns a partitioner whose fencing tokens each member counts by itself. Property
// "tokens" finds it whenever members hold an item in turn.
func CountOfItsOwn(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
	p, err := newRightPartitioner(c, path, items)
	return &countOfItsOwn{rightPartitioner: p}, err
}

func (p *countOfItsOwn) Fence() int64 {
	p.count++
	return p.count
}

// keepsItsShare believes that it holds until it has given its share back, which never succeeds once
// its session has expired. From then on it answers from memory.
type keepsItsShare struct {
	rightPartitioner
	share []string
	token int64
}

// KeepsItsShare returns a partitioner whose member keeps using its share after its session has
// expired. Property "lost" finds it when sessions expire.
func KeepsItsShare(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
	p, err := newRightPartitioner(c, path, items)
	return &keepsItsShare{rightPartitioner: p}, err
}

func (p *keepsItsShare) Acquire(ctx context.Context) ([]string, error) {
	if p.share != nil {
		return p.share, nil
	}
	share, err := p.rightPartitioner.Acquire(ctx)
	if err == nil {
		p.share, p.token = share, p.rightPartitioner.Fence()
	}
	return share, err
}

func (p *keepsItsShare) Release(ctx context.Context) error {
	err := p.rightPartitioner.Release(ctx)
	if err == nil {
		p.share = nil
	}
	return err
}

// Changed waits for changes, but does not return when the share is lost.
func (p *keepsItsShare) Changed(ctx context.Context) error {
	select {
	case <-p.rightPartitioner.Lost():
		<-ctx.Done()
		return context.Cause(ctx)
	default:
		return p.rightPartitioner.Changed(ctx)
	}
}

func (p *keepsItsShare) Fence() int64        { return p.token }
func (*keepsItsShare) Lost() <-chan struct{} { return nil }
