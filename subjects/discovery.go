package subjects

import (
	"context"
	"errors"
	"slices"

	"github.com/zklab/zklab/recipes"
)

// Service is a service whose instances register and are looked up. It is a [Group] with
// other names that can also pick a member. It may be a [Snapshots].
type Service interface {
	// Register makes this client an instance under a name that no other client has. It is
	// called by a client that is not an instance. The client stays an instance when its
	// session expires and it gets a new one. After an error the client is not an instance,
	// what the call left behind is removed, and Register is called again, with another
	// name. A process that was started again may register under the name that it had
	// before, see [Group].
	Register(ctx context.Context, instance string) error
	// Unregister ends the registration. Even after an error this client is no longer an instance,
	// unless the error reports that the call had no effect ([NoEffect]): then it still is one, and
	// Unregister may be called again, as Leave of a [Group]. A plain zk.ErrNoAuth does not report
	// that. Only instances call Unregister, even after the session has ended.
	Unregister(ctx context.Context) error
	// Lookup returns the names of all instances. They may be old, but not older than what the
	// client's session has seen. Clients that are not instances also call it. After an error any
	// call may follow.
	Lookup(ctx context.Context) ([]string, error)
	// Changed waits until the instances differ from those that it returned last (none before the
	// first call), and returns them. The returned instances are never older than those. Clients
	// that are not instances also call it. After an error, such as the end of ctx, it is called
	// again.
	Changed(ctx context.Context) ([]string, error)
	// Pick returns one of the instances that Changed returned last, or that were there
	// later; "" if there were none. After an error any call may follow.
	Pick(ctx context.Context) (string, error)
}

// NewService returns zklab's own service, recipes.Service.
func NewService(c *Client, path string) (Service, error) {
	return ofRecipe(c, func(cl *recipes.Client) Service {
		service := recipes.NewService(cl, path)
		return &ownService{Service: service, picker: service.Picker(recipes.RoundRobin())}
	})
}

// ownService learns of changes from its picker, which picks from the instances that it
// reported last.
type ownService struct {
	*recipes.Service
	picker *recipes.Picker
	now    *recipes.Registration // nil if this client is not an instance
	told   []string              // what Changed returned last
}

// Snapshots implements [Snapshots].
func (*ownService) Snapshots() {}

func (s *ownService) Register(ctx context.Context, instance string) (err error) {
	s.now, err = s.Service.Register(ctx, recipes.Instance{ID: instance, Address: instance})
	return err
}

func (s *ownService) Unregister(ctx context.Context) error {
	if s.now == nil {
		return WithoutEffect(recipes.ErrNotRegistered)
	}
	return s.now.Unregister(ctx)
}

func (s *ownService) Lookup(ctx context.Context) ([]string, error) {
	instances, err := s.Instances(ctx)
	return idsOf(instances), err
}

func (s *ownService) Changed(ctx context.Context) ([]string, error) {
	for now, err := range s.picker.Changes(ctx) {
		if err != nil {
			return nil, err
		}
		if ids := idsOf(now); !slices.Equal(ids, s.told) {
			s.told = ids
			return ids, nil
		}
	}
	return nil, WithoutEffect(context.Cause(ctx)) // not reached: the last step has an error
}

func (s *ownService) Pick(ctx context.Context) (string, error) {
	in, err := s.picker.Pick(ctx)
	if errors.Is(err, recipes.ErrNoInstance) {
		err = nil
	}
	return in.ID, err
}

func idsOf(instances []recipes.Instance) []string {
	ids := []string{}
	for _, in := range instances {
		ids = append(ids, in.ID)
	}
	return ids
}
