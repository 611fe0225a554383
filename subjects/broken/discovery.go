package broken

import (
	"context"

	"github.com/zklab/zklab/subjects"
)

// ServiceOf returns a constructor of services that have the defect of a group. Their Pick lists the
// members correctly.
func ServiceOf(group func(c *subjects.Client, path string) (subjects.Group, error)) func(c *subjects.Client, path string) (subjects.Service, error) {
	return func(c *subjects.Client, path string) (subjects.Service, error) {
		g, err := group(c, path)
		if err != nil {
			return nil, err
		}
		if _, is := g.(subjects.Snapshots); is {
			return snapshotsService{groupService{g}, snapshots{}}, nil
		}
		return groupService{g}, nil
	}
}

// snapshotsService is the service of a group that promises lists of one moment.
type snapshotsService struct {
	groupService
	snapshots
}

type groupService struct{ g subjects.Group }

func (s groupService) Register(ctx context.Context, instance string) error {
	return s.g.Join(ctx, instance)
}

func (s groupService) Unregister(ctx context.Context) error { return s.g.Leave(ctx) }

func (s groupService) Lookup(ctx context.Context) ([]string, error) { return s.g.Members(ctx) }

func (s groupService) Changed(ctx context.Context) ([]string, error) { return s.g.Changed(ctx) }

func (s groupService) Pick(ctx context.Context) (string, error) {
	members, err := withoutDefect(s.g).Members(ctx)
	if err != nil || len(members) == 0 {
		return "", err
	}
	return members[0], nil
}

// withoutDefect returns the group without the defect, if it has one.
func withoutDefect(g subjects.Group) subjects.Group {
	switch g := g.(type) {
	case *oneShotWatch:
		return g.Group
	case *cacheForgetsLate:
		return g.Group
	case *tellsThePast:
		return g.Group
	case *tornList:
		return g.Group
	}
	return g
}

// picksTheGone keeps picking the same instance.
type picksTheGone struct {
	subjects.Service
	own   map[string]bool // all instances that the client ever registered: a list may still have an earlier one
	stuck string
}

// PicksTheGone returns a service that keeps picking the first instance of another client that it
// picked, even after that has gone. Property "pick" finds it whenever instances go.
func PicksTheGone(c *subjects.Client, path string) (subjects.Service, error) {
	right, err := subjects.NewService(c, path)
	return &picksTheGone{Service: right, own: map[string]bool{}}, err
}

func (s *picksTheGone) Register(ctx context.Context, instance string) error {
	s.own[instance] = true
	return s.Service.Register(ctx, instance)
}

func (s *picksTheGone) Pick(ctx context.Context) (string, error) {
	if s.stuck != "" {
		return s.stuck, nil
	}
	picked, err := s.Service.Pick(ctx)
	if !s.own[picked] {
		s.stuck = picked
	}
	return picked, err
}

// panicsWhenEmpty takes the first instance of a list that may be empty.
type panicsWhenEmpty struct{ subjects.Service }

// PanicsWhenEmpty returns a service whose pick panics while no instance is registered. Property
// "no-panic" finds it.
func PanicsWhenEmpty(c *subjects.Client, path string) (subjects.Service, error) {
	right, err := subjects.NewService(c, path)
	return panicsWhenEmpty{right}, err
}

func (s panicsWhenEmpty) Pick(ctx context.Context) (string, error) {
	instances, err := s.Lookup(ctx)
	if err != nil {
		return "", err
	}
	return instances[0], nil
}
