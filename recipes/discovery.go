package recipes

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/failures"
)

var (
	// ErrInstance: an instance of a service needs an address, and all of it is to be UTF-8.
	ErrInstance = errors.New("instance without an address, or not in UTF-8")
	// ErrNotRegistered: the registration has been ended.
	ErrNotRegistered = errors.New("not registered")
	// ErrNoInstance: the service has no instances.
	ErrNoInstance error = failures.Conclusion("service has no instances")
)

// Service is a service that clients find: the processes that serve it register where they
// are, as instances, and everybody can see which instances there are, and pick one.
//
// It is a [Group], and everything said there holds for it, too: its path is a persistent
// znode, and each instance is a member, an ephemeral sequential child <32 hex
// digits>-member-<sequence>. It holds JSON: {"version":1, "registration": 32 hex digits,
// "revision": 0, "id", "address", "metadata": {…}}. Children that hold something else,
// another version too, are ignored.
//
// What it guarantees: an instance that is registered stays so over the ends of sessions,
// until its [Registration] is ended. What [Service.Instances] gives, and each step of
// [Service.Changes], is the service as it was at one moment. Once Unregister has returned
// nil, nobody who looks from then on is shown the instance; once Update has, nobody is
// shown it as it was before. While it is updated it is never missing: one is shown what it
// was before, or what it is to be.
//
// What it cannot: an instance is missing from when its session ends on the servers until it
// is registered again. One whose process crashed is there until its session has timed out,
// so who calls it must bear with that it does not answer. Nor does anything look whether it
// works: unregister what doesn't. Who is cut off from all servers is shown nothing new;
// what it picks may long be gone.
//
// What it costs: to register takes one write, an update two. Everybody reads each instance
// once, and again with each update; see [Group]. To pick takes no request. It is safe for
// concurrent use; a value can register any number of instances.
type Service struct {
	r    *calls.Recipe
	read *Group // that nobody joins

	mu     sync.Mutex
	groups map[*Group]struct{} // one for each instance of this value, as it is
}

// NewService returns the service on path, such as /services/web.
func NewService(c *Client, path string) *Service {
	r := calls.New(c.client, path)
	return &Service{r: r, read: groupOf(r), groups: map[*Group]struct{}{}}
}

// Registration is an instance that was registered. It is safe for concurrent use; one call
// at a time is under way, others wait.
type Registration struct {
	service *Service
	turn    *semaphore.Weighted

	// Whose turn it is has these:
	now   entry
	group *Group // whose member it is; nil once it was unregistered
}

// Register makes an instance one of the service's. It stays one over the ends of sessions,
// until the registration is ended, or the service is closed.
//
// Of two instances with one ID the one is shown that was registered last, as long as it is
// there: so a process that starts again, under its old ID, takes the place of what it was
// before, without waiting for the old session to time out.
//
// Errors with NoEffect: [ErrInstance], [ErrTooLarge] and [ErrClosed]. After any other error
// it is not registered, but others may have seen it for a moment, as with [Group.Join].
func (s *Service) Register(ctx context.Context, in Instance) (*Registration, error) {
	const op = "register"
	now := newEntry(in)
	data, err := now.encode()
	if err != nil {
		return nil, s.r.Definite(op, err)
	}
	g, err := s.join(ctx, op, data)
	if err != nil {
		return nil, err
	}
	return &Registration{service: s, turn: semaphore.NewWeighted(1), now: now, group: g}, nil
}

// join adds a member, of which Close knows.
func (s *Service) join(ctx context.Context, op string, data []byte) (*Group, error) {
	g := groupOf(s.r)
	s.mu.Lock()
	s.groups[g] = struct{}{}
	s.mu.Unlock()
	if err := g.joinAs(ctx, op, data); err != nil {
		s.forget(g)
		return nil, err
	}
	return g, nil
}

// forget says that a member has gone, or is about to.
func (s *Service) forget(g *Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, g)
}

// Instance returns what is registered now, with its ID.
func (r *Registration) Instance() Instance {
	_ = r.turn.Acquire(context.Background(), 1)
	defer r.turn.Release(1)
	return r.now.instance()
}

// Update changes the address and the metadata of the instance; it keeps its ID, whatever in
// says. The new one is there before the old one goes, and is shown instead of it.
//
// Errors with NoEffect: [ErrNotRegistered], [ErrInstance], [ErrTooLarge], [ErrClosed] and
// that of ctx, before anything was done. After any other error the instance is still
// registered, as it was or as it was to be, unless the service is closed, and others may see
// both by turns until one of them is removed in the background.
func (r *Registration) Update(ctx context.Context, in Instance) error {
	const op = "update"
	s := r.service
	if err := r.turn.Acquire(ctx, 1); err != nil {
		return s.r.Definite(op, err)
	}
	defer r.turn.Release(1)
	if r.group == nil {
		return s.r.Definite(op, ErrNotRegistered)
	}
	next := r.now.next(in)
	data, err := next.encode()
	if err != nil {
		return s.r.Definite(op, err)
	}
	r.now.Revision++ // what others may see of it is not to be taken for the next one
	g, err := s.join(ctx, op, data)
	if err != nil {
		return err
	}
	old := r.group
	r.now, r.group = next, g
	s.forget(old)
	m := old.seat.Drop()
	if m == nil {
		return s.r.Indefinite(op, ErrClosed)
	}
	return old.end(ctx, op, m)
}

// Unregister ends the registration. Once it has returned nil, nobody who looks from then on
// sees the instance. After any error with NoEffect ([ErrNotRegistered], [ErrClosed], that of
// ctx while another call is under way) all is as before; after any other one the instance
// is not registered any more, but others may still see it until it is removed in the
// background: the error of ctx, or [ErrClosed] if that came in between.
func (r *Registration) Unregister(ctx context.Context) error {
	const op = "unregister"
	s := r.service
	if err := r.turn.Acquire(ctx, 1); err != nil {
		return s.r.Definite(op, err)
	}
	defer r.turn.Release(1)
	ctx, end, err := s.r.Start(ctx)
	if err != nil {
		return s.r.Definite(op, err)
	}
	defer end()
	if r.group == nil {
		return s.r.Definite(op, ErrNotRegistered)
	}
	g := r.group
	r.group = nil
	m := g.seat.Drop()
	if m == nil {
		return s.r.Indefinite(op, ErrClosed)
	}
	s.forget(g)
	return g.end(ctx, op, m)
}

// Instances lists the instances, in order of ID, as they are at some moment during the call.
// Its errors have no effect: [ErrClosed], the error of ctx, or what a server refused.
func (s *Service) Instances(ctx context.Context) ([]Instance, error) {
	members, err := s.read.membersAs(ctx, "instances")
	if err != nil {
		return nil, err
	}
	return instancesOf(members), nil
}

// Changes gives the instances there are, in order of ID, and then again each time when
// they have changed, until ctx ends or the loop does. What happens between two steps is told
// as one. What is told never goes back, over the ends of sessions either.
//
// The last step has an error, which has no effect: [ErrClosed], the error of ctx, or what a
// server refused.
func (s *Service) Changes(ctx context.Context) iter.Seq2[[]Instance, error] {
	return func(yield func([]Instance, error) bool) {
		var told []Instance
		for c, err := range s.read.Changes(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			now := instancesOf(c.Members)
			if told != nil && slices.EqualFunc(now, told, Instance.Equal) {
				continue // such as one that was registered again
			}
			told = now
			if !yield(slices.Clone(now), nil) {
				return
			}
		}
	}
}

// Close unregisters all instances of this value, ends the calls that wait and what its
// pickers follow, and waits until nothing of it is left in the tree, or ctx ends (its error;
// the clean-up goes on). Closing again waits again.
func (s *Service) Close(ctx context.Context) error {
	s.r.StopCalls()
	s.mu.Lock()
	groups := s.groups
	s.groups = map[*Group]struct{}{}
	s.mu.Unlock()
	for g := range groups {
		if m := g.seat.Drop(); m != nil {
			g.vanish(m)
		}
	}
	return s.r.Drain(ctx, "close service")
}
