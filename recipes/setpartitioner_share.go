package recipes

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/zklab/zklab/recipes/internal/client"
)

// This file follows the members of a SetPartitioner, and works out which items are due to one of
// them.

// followedShare is the share of a member, for as long as it is a member.
type followedShare struct {
	stop context.CancelFunc
	left <-chan struct{} // closed when it is no longer a member

	mu   sync.Mutex
	now  *share        // never nil; without items until they are known
	err  error         // why the members cannot be read at present
	news chan struct{} // closed and replaced with every change
}

// join makes this value a member, unless it is one.
func (p *SetPartitioner) join(ctx context.Context) (*followedShare, error) {
	p.mu.Lock()
	f := p.follows
	p.mu.Unlock()
	if f != nil {
		return f, nil
	}
	if err := p.group.Join(ctx, []byte(p.id)); err != nil {
		return nil, err
	}
	cl := p.x.Client
	background, stop := context.WithCancel(cl.WithJitter(cl.Context))
	f = &followedShare{stop: stop, left: background.Done(), now: newShare(nil), news: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.follows = f
	go p.follow(background, f)
	if p.x.Context.Err() != nil { // Close may have come before
		stop()
	}
	return f, nil
}

func newShare(items []string) *share { return &share{items: items, over: make(chan struct{})} }

// unfollow ends what join began, except the membership.
func (p *SetPartitioner) unfollow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.follows != nil {
		p.follows.stop()
		p.follows = nil
	}
}

// quit ends the membership in the background.
func (p *SetPartitioner) quit() {
	p.unfollow()
	if m := p.group.seat.Drop(); m != nil {
		p.group.vanish(m)
	}
}

// follow works out the share until ctx ends. After an error, such as a missing permission, it goes
// on.
func (p *SetPartitioner) follow(ctx context.Context, f *followedShare) {
	var b client.Backoff
	for ctx.Err() == nil {
		for change, err := range p.group.Changes(ctx) {
			if ctx.Err() != nil || errors.Is(err, ErrClosed) {
				return
			}
			f.tell(p.dueTo(change.Members), err)
		}
		b.Pause(ctx)
	}
}

// dueTo returns the items that are due to this value among some members; none if it is not among
// them. A member that has joined again after an expiry may be there twice.
func (p *SetPartitioner) dueTo(members []Member) (items []string) {
	ids := make([]string, 0, len(members))
	for _, m := range members {
		ids = append(ids, string(m.Data))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	own, is := slices.BinarySearch(ids, p.id)
	if !is {
		return nil
	}
	for i := own; i < len(p.items); i += len(ids) {
		items = append(items, p.items[i])
	}
	return items
}

// tell stores the items that are due, or why they are not known. While they are not known, the
// share stays the same.
func (f *followedShare) tell(items []string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
	if err == nil && !slices.Equal(items, f.now.items) {
		close(f.now.over)
		f.now = newShare(items)
	}
	close(f.news)
	f.news = make(chan struct{})
}

// due waits until some items are due. When members come or go, it waits a moment longer: others
// often come or go then, too.
func (f *followedShare) due(ctx context.Context) (*share, error) {
	for {
		f.mu.Lock()
		now, err, news := f.now, f.err, f.news
		f.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, err
		case len(now.items) > 0:
			return now, nil
		}
		select {
		case <-news:
			(&client.Backoff{}).Pause(ctx)
		case <-ctx.Done():
		}
	}
}
