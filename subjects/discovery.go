package subjects

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Service is a service whose instances register and are found: a [Group] by other names, of
// whose members one can be picked.
type Service interface {
	// Register makes this client an instance under a name that nobody else has. It stays one
	// when its session ends and it gets another one. After an error it is none, and what may
	// be left of it is removed.
	Register(ctx context.Context, instance string) error
	// Unregister ends that, also if it fails, unless the error says that it had no effect.
	Unregister(ctx context.Context) error
	// Lookup gives the names of all instances. They may be old, but not older than what the
	// client's session has seen.
	Lookup(ctx context.Context) ([]string, error)
	// Changed waits until the instances are others than those that it gave the last time, at
	// first none, and gives them. They never are older than that time's.
	Changed(ctx context.Context) ([]string, error)
	// Pick gives one of the instances that Changed gave last, or that were there later, ""
	// if there were none.
	Pick(ctx context.Context) (string, error)
}

// NewService is zklab's own service, recipes.Service.
func NewService(c *Client, path string) (Service, error) {
	return ofRecipe(c, func(cl *recipes.Client) Service {
		service := recipes.NewService(cl, path)
		return &ownService{Service: service, picker: service.Picker(recipes.RoundRobin())}
	})
}

// ownService is told of changes by its picker: what it was told of last is what it picks of.
type ownService struct {
	*recipes.Service
	picker *recipes.Picker
	now    *recipes.Registration // nil: this client is no instance
	told   []string              // what Changed gave last
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

// RemoteService is the service of the program that the client runs as.
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
