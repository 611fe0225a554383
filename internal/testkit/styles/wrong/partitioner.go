package wrong

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// shares is a partitioner. The items are dealt to the members in order, and each member creates a znode
// for each item of its share.
type shares struct {
	*base
	items  []string
	byHost bool // a member that finds its znode is one, and one that finds its name on its items holds them
	byPath bool // a release deletes the znodes by their paths
	place  *claim
	has    *claim
	held   []string
}

func (s *shares) member() string { return s.in("member-" + s.host()) }

func (s *shares) due() ([]string, error) {
	members, _, err := s.Conn.Children(s.path)
	if err != nil {
		return nil, err
	}
	members = slices.DeleteFunc(members, func(c string) bool { return !strings.HasPrefix(c, "member-host") })
	slices.Sort(members)
	var share []string
	for i, item := range s.items {
		if len(members) > 0 && members[i%len(members)] == "member-"+s.host() {
			share = append(share, item)
		}
	}
	return share, nil
}

func (s *shares) Acquire(ctx context.Context) ([]string, error) {
	var share []string
	err := s.calls.Do(ctx, func() error {
		err := s.poll(ctx, func() bool { share = s.try(); return len(share) > 0 })
		if err != nil {
			_ = s.leave()
		}
		return err
	}, s.leave)
	if err != nil {
		return nil, err
	}
	s.held = share
	return share, nil
}

func (s *shares) try() []string {
	if s.make() != nil {
		return nil
	}
	if !s.mine(s.member()) {
		place, err := s.claim("", s.member())
		if err != nil && (s.right || !s.byHost || !errors.Is(err, zk.ErrNodeExists)) {
			return nil
		}
		s.place = place
	}
	share, err := s.due()
	if err != nil || len(share) == 0 {
		return nil
	}
	var paths []string
	found := 0
	for _, item := range share {
		path := s.in("item-" + item)
		paths = append(paths, path)
		if data, _, err := s.Conn.Get(path); err == nil && string(data) == s.host() {
			found++
		}
	}
	if found == len(paths) && s.byHost && !s.right {
		s.has = &claim{s.member(), paths}
		return share
	}
	if s.has, err = s.claim(s.host(), paths...); err != nil {
		return nil
	}
	return share
}

func (s *shares) Changed(ctx context.Context) error {
	return s.calls.Do(ctx, func() error {
		return s.poll(ctx, func() bool {
			share, err := s.due()
			return err == nil && (!slices.Equal(share, s.held) || s.has == nil || !s.mine(s.has.paths[0]))
		})
	}, nil)
}

func (s *shares) release() error {
	if s.has == nil {
		return nil
	}
	has := s.has
	s.has, s.held = nil, nil
	if has.mark != s.member() && (s.right || !s.byPath) {
		return s.unclaim(has)
	}
	var err error
	if has.mark != s.member() {
		err = s.remove(has.mark)
	}
	for _, path := range has.paths {
		err = errors.Join(err, s.remove(path))
	}
	return err
}

func (s *shares) leave() error {
	err := s.release()
	if s.place != nil {
		err = errors.Join(err, s.unclaim(s.place))
	}
	return err
}

func (s *shares) Release(ctx context.Context) error { return s.calls.Do(ctx, s.release, nil) }
func (s *shares) Leave(ctx context.Context) error   { return s.calls.Do(ctx, s.leave, nil) }

var _ subjects.Partitioner = (*shares)(nil)
