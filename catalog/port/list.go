package port

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// List keeps a list of names by a watch, as the caches of Curator and Twitter commons do: it reads again after each event.
// Now is safe for concurrent use with the other methods; Changed is for one goroutine at a time.
type List struct {
	Read  func() (names []string, events <-chan zk.Event, err error)
	Pause time.Duration   // after an error
	Again time.Duration   // after which it reads without an event, too; 0: never
	End   context.Context // the list is kept until it ends

	begin sync.Once
	told  []string
	news  chan struct{} // has an element after a list was read

	mu  sync.Mutex
	now []string
}

func (l *List) keep() {
	for l.End.Err() == nil {
		names, events, err := l.Read()
		if err != nil {
			Wait(l.End, l.Pause)
			continue
		}
		l.mu.Lock()
		l.now = names
		l.mu.Unlock()
		select {
		case l.news <- struct{}{}:
		default:
		}
		var again <-chan time.Time
		if l.Again > 0 {
			again = time.After(l.Again)
		}
		select {
		case <-events:
		case <-again:
		case <-l.End.Done():
		}
	}
}

// Now returns the names that were read last; none before the first call of Changed.
func (l *List) Now() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.now)
}

// Changed waits for other names than it returned last. The first call begins to keep the list.
func (l *List) Changed(ctx context.Context) ([]string, error) {
	l.begin.Do(func() {
		l.news = make(chan struct{}, 1)
		go l.keep()
	})
	for {
		if now := l.Now(); !slices.Equal(now, l.told) {
			l.told = now
			return now, nil
		}
		select {
		case <-l.news:
		case <-ctx.Done():
			return nil, Ended(ctx)
		}
	}
}
