package subjects

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Service is a service whose instances register and are looked up. It is a [Group] with
// other names that can also pick a member.
type Service interface {
	// Register makes this client an instance under a name that no other client has. It
	// stays an instance when its session expires and it gets a new one. After an error it
	// is not an instance, and what the call left behind is removed. A process that was
	// started again may register under the name that it had before, see [Group].
	Register(ctx context.Context, instance string) error
	// Unregister ends that. Even after an error this client is no longer an instance,
	// unless the error says that the call had no effect.
	Unregister(ctx context.Context) error
	// Lookup returns the names of all instances. They may be old, but not older than what
	// the client's session has seen.
	Lookup(ctx context.Context) ([]string, error)
	// Changed waits until the instances differ from those that it returned last (none
	// before the first call), and returns them. They are never older than those.
	Changed(ctx context.Context) ([]string, error)
	// Pick returns one of the instances that Changed returned last, or that were there
	// later; "" if there were none.
	Pick(ctx context.Context) (string, error)
}

// NewService is zklab's own service, recipes.Service.
func NewService(c *Client, path string) (Service, error) {
	return ofRecipe(c, func(cl *recipes.Client) Service {
		service := recipes.NewService(cl, path)
		return &ownService{Service: service, picker: service.Picker(recipes.RoundRobin())}
	})
}

// ownService learns of changes from its picker, which picks from what it has last reported.
type ownService struct {
	*recipes.Service
	picker *recipes.Picker
	now    *recipes.Registration // nil if this client is not an instance
	told   []string              // what Changed returned last
}

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

// ServeService serves services to another process.
func ServeService(make func(c *Client, path string) (Service, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		s, err := make(c, path)
		if err != nil {
			return nil, err
		}
		return &Served{Subject: s, Operations: map[string]Operation{
			models.FRegister: taking(func(ctx context.Context, v models.Joining) (any, error) {
				return nil, s.Register(ctx, v.Member)
			}),
			models.FUnregister: plain(s.Unregister),
			models.FLookup:     listing(s.Lookup),
			models.FChanged:    listing(s.Changed),
			models.FPick: taking(func(ctx context.Context, _ struct{}) (any, error) {
				picked, err := s.Pick(ctx)
				return models.Picked{Member: picked}, err
			}),
		}}, nil
	}
}

// RemoteService is the service of the adapter process that the client runs as.
func RemoteService(c *Client, path string) (Service, error) {
	o, err := c.remote(models.Discovery.Name, path, nil)
	if err != nil {
		return nil, err
	}
	return remoteService{o}, nil
}

type remoteService struct{ Object }

func (s remoteService) Register(ctx context.Context, instance string) error {
	return s.Call(ctx, models.FRegister, models.Joining{Member: instance}, nil)
}

func (s remoteService) Unregister(ctx context.Context) error {
	return s.Call(ctx, models.FUnregister, nil, nil)
}

func (s remoteService) Lookup(ctx context.Context) ([]string, error) {
	return remoteGroup(s).members(ctx, models.FLookup)
}

func (s remoteService) Changed(ctx context.Context) ([]string, error) {
	return remoteGroup(s).Changed(ctx)
}

func (s remoteService) Pick(ctx context.Context) (string, error) {
	var v models.Picked
	err := s.Call(ctx, models.FPick, nil, &v)
	return v.Member, err
}
