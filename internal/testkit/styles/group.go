package styles

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// group is a group of members: each has an ephemeral znode whose name contains the member's name. A
// goroutine looks from time to time, and creates the znode again if it is missing.
type group struct {
	base
	fresh  bool // lists are fenced: other connections of the client may have seen more
	lists  base // for calls that do not change anything
	member string
	at     string   // the path of its znode
	in     *session // of its znode
	stop   context.CancelFunc

	watches base
	told    told_
}

// told_ is the list that Changed returned last.
type told_ struct {
	members []string
	in      *session
}

func newGroup(c *subjects.Client, path string, from connection) *group {
	ctx, stop := context.WithCancel(context.Background())
	g := &group{base: at(c, path, from), fresh: from != borrowed, stop: stop}
	g.lists, g.watches = g.base, g.base
	g.lists.gate, g.watches.gate = newGate(), newGate()
	var once sync.Once
	c.BeforeEnd(func(context.Context) { once.Do(stop) })
	go g.keep(ctx)
	return g
}

// newRepairedGroup uses the client's connection.
func newRepairedGroup(c *subjects.Client, path string) (subjects.Group, error) {
	return newGroup(c, path, borrowed), nil
}

// newSharedGroup has one connection for all groups of a client.
func newSharedGroup(c *subjects.Client, path string) (subjects.Group, error) {
	return newGroup(c, path, common), nil
}

// Close ends the goroutine.
func (g *group) Close(ctx context.Context) error {
	g.stop()
	return g.base.Close(ctx)
}

const separator = "~"

// memberOf returns the name of the member whose znode has this name.
func memberOf(child string) (string, bool) {
	rest, is := strings.CutPrefix(child, "m"+separator)
	i := strings.LastIndex(rest, separator)
	if !is || i < 0 || !named.MatchString(rest[i+1:]) {
		return "", false
	}
	return rest[:i], true
}

// keep makes the client a member again when its znode is missing.
func (g *group) keep(ctx context.Context) {
	for pause(ctx, 100*time.Millisecond) == nil {
		if g.gate.enter(ctx) != nil {
			return
		}
		if g.member != "" && !g.there(ctx) {
			g.life.drop(g.in, g.at)
			_ = g.join(ctx)
		}
		g.gate.leave()
	}
}

// there reports whether the member's znode exists. It returns true if that is unknown.
func (g *group) there(ctx context.Context) bool {
	s, err := g.session(ctx)
	if err != nil {
		return true
	}
	if s != g.in {
		return false
	}
	st, err := s.stat(g.at)
	return err != nil || st != nil
}

// join creates the znode.
func (g *group) join(ctx context.Context) error {
	return g.until(ctx, again, func(s *session) (bool, error) {
		if err := g.folder(s); err != nil {
			return false, err
		}
		g.in, g.at = s, g.path+"/m"+separator+g.member+separator+g.life.name(s)
		_, err := g.life.plant(s, g.at, nil)
		return err == nil, err
	})
}

func (g *group) Join(ctx context.Context, member string) error {
	_, err := within(ctx, &g.base, func() (struct{}, error) {
		g.member = member
		err := g.join(ctx)
		if err != nil {
			g.member = ""
		}
		return struct{}{}, err
	}, func(struct{}) { g.leave() })
	return err
}

func (g *group) leave() {
	g.member = ""
	g.life.drop(g.in, g.at)
}

func (g *group) Leave(ctx context.Context) error {
	return g.do(ctx, func() error {
		if g.member == "" {
			return subjects.WithoutEffect(errNotHeld)
		}
		g.leave()
		return nil
	})
}

// list returns the members as they are at one moment.
func (g *group) list(s *session) ([]string, error) {
	children, err := s.children(g.path)
	if errors.Is(err, zk.ErrNoNode) {
		return []string{}, nil
	}
	if err != nil {
		return nil, err
	}
	members := []string{}
	for _, child := range children {
		if member, is := memberOf(child); is {
			members = append(members, member)
		}
	}
	slices.Sort(members)
	return slices.Compact(members), nil // a member that joined again may have two znodes for a while
}

func (g *group) Members(ctx context.Context) ([]string, error) {
	return reading(ctx, &g.lists, func() ([]string, error) {
		s, err := g.session(ctx)
		if err != nil {
			return nil, err
		}
		if g.fresh {
			if err := s.fence(); err != nil {
				return nil, err
			}
		}
		return g.list(s)
	})
}

// Changed polls. If the session has changed since the last call, it begins with a fence, so that it does not
// go back.
func (g *group) Changed(ctx context.Context) ([]string, error) {
	next, err := reading(ctx, &g.watches, func() (next told_, err error) {
		fencedIn := g.told.in
		err = g.until(ctx, 20*time.Millisecond, func(s *session) (bool, error) {
			if s != fencedIn {
				if err := s.fence(); err != nil {
					return false, err
				}
				fencedIn = s
			}
			members, err := g.list(s)
			next = told_{members, s}
			return err == nil && !slices.Equal(members, g.told.members), err
		})
		return next, err
	})
	if err != nil {
		return nil, err
	}
	g.told = next
	return next.members, nil
}

// service is a group whose members are instances, of which it picks one at random.
type service struct {
	*group
	random *rand.Rand
}

// newOwnService has a connection for each service.
func newOwnService(c *subjects.Client, path string) (subjects.Service, error) {
	return serviceOf(newGroup(c, path, apart)), nil
}

// newPolledService uses the client's connection.
func newPolledService(c *subjects.Client, path string) (subjects.Service, error) {
	return serviceOf(newGroup(c, path, borrowed)), nil
}

func serviceOf(g *group) *service {
	return &service{g, rand.New(rand.NewPCG(1, uint64(g.life.c.ID)))}
}

func (s *service) Register(ctx context.Context, instance string) error { return s.Join(ctx, instance) }
func (s *service) Unregister(ctx context.Context) error                { return s.Leave(ctx) }
func (s *service) Lookup(ctx context.Context) ([]string, error)        { return s.Members(ctx) }

// Pick picks one of the instances that Changed returned last, or of those that are there now if it
// returned none.
func (s *service) Pick(ctx context.Context) (string, error) {
	from := s.told.members
	if len(from) == 0 {
		var err error
		if from, err = s.now(ctx); err != nil || len(from) == 0 {
			return "", err
		}
	}
	return from[s.random.IntN(len(from))], nil
}

func (s *service) now(ctx context.Context) ([]string, error) {
	return reading(ctx, &s.lists, func() ([]string, error) {
		now, err := s.session(ctx)
		if err != nil {
			return nil, err
		}
		if err := now.fence(); err != nil {
			return nil, err
		}
		return s.list(now)
	})
}
