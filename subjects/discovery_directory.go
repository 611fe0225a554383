package subjects

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/recipes"
)

// NewDirectoryService returns zklab's own service seen through its directory: instances are looked
// up and followed there, and a picker's strategy picks from the instances that the directory showed
// last.
func NewDirectoryService(c *Client, path string) (Service, error) {
	return ofRecipe(c, func(cl *recipes.Client) Service {
		s := &directoryService{
			ownService: ownService{Service: recipes.NewService(cl, path)},
			directory:  recipes.NewDirectory(cl, path),
			strategy:   recipes.Sticky(recipes.Random(rand.NewPCG(1, uint64(c.ID)))),
			news:       make(chan struct{}),
		}
		go s.follow()
		return s
	})
}

type directoryService struct {
	ownService
	directory *recipes.Directory

	mu       sync.Mutex
	strategy recipes.Strategy
	listed   []recipes.Instance // what the directory showed last; nil before the first time
	news     chan struct{}      // closed and replaced when the list changes
}

// followAgain is how long a service waits after an error, such as a missing permission, before it
// follows the directory again.
const followAgain = 50 * time.Millisecond

// follow notes each list that the directory shows, until the directory or its client is closed.
func (s *directoryService) follow() {
	for {
		for l, err := range s.directory.Changes(context.Background()) {
			switch {
			case errors.Is(err, recipes.ErrClosed):
				return
			case err == nil:
				s.hear(l)
			}
		}
		time.Sleep(followAgain)
	}
}

func (s *directoryService) hear(l recipes.Listing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = []recipes.Instance{}
	for _, r := range l.Instances {
		s.listed = append(s.listed, r.Instance)
	}
	close(s.news)
	s.news = make(chan struct{})
}

// await waits until will returns true.
func (s *directoryService) await(ctx context.Context, will func() bool) error {
	for {
		s.mu.Lock()
		done, news := s.listed != nil && will(), s.news
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return WithoutEffect(context.Cause(ctx))
		}
	}
}

func (s *directoryService) Lookup(ctx context.Context) (all []string, err error) {
	l, err := s.directory.List(ctx)
	for _, r := range l.Instances {
		all = append(all, r.ID)
	}
	return all, err
}

func (s *directoryService) Changed(ctx context.Context) (now []string, err error) {
	err = s.await(ctx, func() bool {
		now = idsOf(s.listed)
		return !slices.Equal(now, s.told)
	})
	if err != nil {
		return nil, err
	}
	s.told = now
	return now, nil
}

func (s *directoryService) Pick(ctx context.Context) (id string, err error) {
	err = s.await(ctx, func() bool {
		if len(s.listed) > 0 {
			id = s.strategy(s.listed).ID
		}
		return true
	})
	return id, err
}

// Close implements [Closer].
func (s *directoryService) Close(ctx context.Context) error {
	return errors.Join(s.directory.Close(ctx), s.Service.Close(ctx))
}
