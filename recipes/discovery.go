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
	// ErrInstance: an instance has no address, or is not in UTF-8.
	ErrInstance = errors.New("instance without an address, or not in UTF-8")
	// ErrNotRegistered: the registration has been ended.
	ErrNotRegistered = errors.New("not registered")
	// ErrNoInstance: the service has no instances.
	ErrNoInstance error = failures.Conclusion("service has no instances")
)

// Service is a service that clients find. The processes that serve it register their addresses as
// instances, and clients list the instances, or pick one.
//
// It is a [Group], and what Group says holds here, too: its path is a persistent znode, and each
// instance is a member, an ephemeral sequential child <32 hex digits>-member-<sequence>. Its data
// is JSON: {"version":1, "registration": 32 hex digits, "revision": 0, "id", "address", "metadata":
// {…}}. Clients ignore other data, including other versions.
//
// Guarantees: an instance stays registered across sessions, until its [Registration] is ended.
// [Service.Instances], and each step of [Service.Changes], show the service as it was at one
// moment. Once Unregister has returned nil, no client that looks from then on sees the instance.
// Once Update has returned nil, no client sees what the instance was before. The instance is never
// missing during an update: clients see the old or the new data.
//
// Limits: an instance is missing from when its session ends on the servers until it is registered
// again. An instance whose process has crashed is there until its session has timed out, so its
// callers must expect that it does not answer. The recipe does not check whether an instance works:
// unregister one that does not. A client that reaches no server sees no changes, and may pick an
// instance that is long gone.
//
// Cost: Register makes one write, Update two. Each client reads each instance once, and again after
// each update; see [Group]. A pick makes no request.
//
// A Service is safe for concurrent use. A value can register any number of instances.
type Service struct {
	r    *calls.Recipe
	read *Group // this value reads it, and does not join it

	mu     sync.Mutex
	groups map[*Group]struct{} // one for each znode of an instance of this value
}

// NewService returns the service at path, such as /services/web.
func NewService(c *Client, path string) *Service {
	r := calls.New(c.client, path)
	return &Service{r: r, read: groupOf(r), groups: map[*Group]struct{}{}}
}

// Registration is a registered instance. It is safe for concurrent use. Its calls run one after the
// other.
type Registration struct {
	service *Service
	turn    *semaphore.Weighted

	// The call whose turn it is has these:
	now   entry
	group *Group // that has the instance as a member; nil once it was unregistered
}

// Register adds an instance to the service. The instance stays registered across sessions, until the
// registration is ended or the service is closed.
//
// If two instances have the same ID, clients see the one that was registered last, as long as it is
// there. So a process that restarts with its old ID replaces its old instance, without waiting for
// the old session to time out.
//
// Errors with NoEffect: [ErrInstance], [ErrTooLarge] and [ErrClosed]. After any other error the
// instance is not registered, but other clients may have seen it for a moment, as with [Group.Join].
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

// join adds a member, which Close removes.
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

// forget removes a member that has gone, or is about to go.
func (s *Service) forget(g *Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, g)
}

// Instance returns the instance as it is registered now, with its ID.
func (r *Registration) Instance() Instance {
	_ = r.turn.Acquire(context.Background(), 1)
	defer r.turn.Release(1)
	return r.now.instance()
}

// Update changes the address and the metadata of the instance. The instance keeps its ID, whatever
// in.ID is. The new data is there before the old data goes, and clients see it instead of the old
// data.
//
// Errors with NoEffect: [ErrNotRegistered], [ErrInstance], [ErrTooLarge], [ErrClosed], and the
// error of ctx before anything was done. After any other error the instance is still registered,
// unless the service is closed, and clients may see the old and the new data in turn until one of
// them is removed in the background.
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
	r.now.Revision++ // other clients may have seen this revision: do not use it again
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

// Unregister ends the registration. Once it has returned nil, no client that looks from then on
// sees the instance. An error with NoEffect means that nothing has changed: [ErrNotRegistered],
// [ErrClosed], or the error of ctx while another call runs. After any other error (the error of
// ctx, or [ErrClosed]) the instance is not registered, but other clients may still see it until it
// is removed in the background.
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

// Instances lists the instances, sorted by ID, as they are at some moment during the call. NoEffect
// is true for its errors: [ErrClosed], the error of ctx, or what a server refused.
func (s *Service) Instances(ctx context.Context) ([]Instance, error) {
	members, err := s.read.membersAs(ctx, "instances")
	if err != nil {
		return nil, err
	}
	return instancesOf(members), nil
}

// Changes returns the instances, sorted by ID, and returns them again each time that they have
// changed, until ctx ends or the loop does. Several changes between two steps come as one. Changes
// never returns an earlier state of the service after a later one, not even across sessions.
//
// The last step has an error, for which NoEffect is true: [ErrClosed], the error of ctx, or what a
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
				continue // for example, an instance was registered again
			}
			told = now
			if !yield(slices.Clone(now), nil) {
				return
			}
		}
	}
}

// Close unregisters all instances of this value, and ends calls that wait and its pickers. It then
// waits until the tree has no znodes of this value. If ctx ends first, Close returns its error, and
// the clean-up goes on. If you call Close again, it waits again.
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
