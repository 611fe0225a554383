package styles

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/zklab/zklab/subjects"
)

// partitioner shares items by the places of members in a list: of n members, the one in place r gets
// the items r, r+n, and so on. It takes its share like a lock on several keys, so it waits for members
// that do not know of the latest list yet.
type partitioner struct {
	base
	fenced
	items  []string
	member *grant // its znode; nil if the client is no member
	share  []string
}

// newPolledPartitioner uses the client's connection.
func newPolledPartitioner(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
	return &partitioner{base: at(c, path, borrowed), items: items}, nil
}

// newOwnPartitioner has a connection of its own.
func newOwnPartitioner(c *subjects.Client, path string, items []string) (subjects.Partitioner, error) {
	return &partitioner{base: at(c, path, apart), items: items}, nil
}

const members = "members"

func (p *partitioner) Acquire(ctx context.Context) ([]string, error) {
	err := p.acquireOr(ctx, &p.base, func() (*grant, error) {
		g, err := p.takeShare(ctx)
		if err != nil {
			p.quit()
			return nil, err
		}
		return g, nil
	}, p.quit)
	if err != nil {
		return nil, err
	}
	return p.share, nil
}

func (p *partitioner) takeShare(ctx context.Context) (g *grant, err error) {
	every := 10*time.Millisecond + time.Duration(p.life.c.ID)*time.Millisecond
	err = p.until(ctx, every, func(s *session) (bool, error) {
		if err := p.join(s); err != nil {
			return false, err
		}
		share, err := p.due(s)
		if err != nil || len(share) == 0 {
			return false, err
		}
		var paths []string
		for _, item := range share {
			paths = append(paths, p.path+"/"+item+"/holder")
		}
		c, err := p.life.claim(s, p.path+"/"+share[0]+"/mark-"+p.life.name(s), nil, nil, paths...)
		if err != nil {
			return false, err
		}
		p.share = share
		g = &grant{s: s, token: c.czxid, undo: func() { p.life.unclaim(c) }}
		return true, nil
	})
	return g, err
}

// join makes the client a member in a session.
func (p *partitioner) join(s *session) error {
	if p.member != nil && p.member.s == s {
		return nil
	}
	p.quit()
	if err := p.folder(s, append(slices.Clone(p.items), members)...); err != nil {
		return err
	}
	path := p.path + "/" + members + "/" + contending + p.life.name(s)
	st, err := p.life.plant(s, path, nil)
	if err == nil {
		p.member = &grant{s: s, token: st.Czxid, undo: func() { p.life.drop(s, path) }}
	}
	return err
}

func (p *partitioner) quit() {
	if p.member != nil {
		p.member.undo()
		p.member = nil
	}
}

var errNoMember = errors.New("this client is not in the list of members")

// due returns the share of this member.
func (p *partitioner) due(s *session) (share []string, err error) {
	all, err := contenders(s, p.path+"/"+members)
	if err != nil {
		return nil, err
	}
	place := slices.IndexFunc(all, func(c contender) bool { return c.czxid == p.member.token })
	if place < 0 {
		return nil, errNoMember
	}
	for i := place; i < len(p.items); i += len(all) {
		share = append(share, p.items[i])
	}
	return share, nil
}

// Changed polls.
func (p *partitioner) Changed(ctx context.Context) error {
	g := p.now.Load()
	if g == nil {
		return subjects.WithoutEffect(errNotHeld)
	}
	_, err := reading(ctx, &p.base, func() (struct{}, error) {
		for g.s.live() {
			share, err := p.due(g.s)
			if err == nil && !slices.Equal(share, p.share) || errors.Is(err, errNoMember) {
				break
			}
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// Release gives the share back.
func (p *partitioner) Release(ctx context.Context) error {
	return p.release(ctx, &p.base)
}

// Leave ends the membership.
func (p *partitioner) Leave(ctx context.Context) error {
	return p.do(ctx, func() error {
		if p.member == nil {
			return subjects.WithoutEffect(errNoMember)
		}
		p.quit()
		return nil
	})
}
