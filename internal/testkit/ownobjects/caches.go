package ownobjects

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// setting is a number that each client keeps in memory, and reads again when a watch fires. A wrong one
// watches only once.
type setting struct {
	*seat
	wrong bool
	now   *subjects.Client
	done  func()
	stop  context.CancelFunc
	over  chan struct{}

	mu      sync.Mutex
	value   int64
	version int32
}

func (s *setting) Set(_ context.Context, to int64) error {
	_, err := s.now.Conn.Set(s.path, strconv.AppendInt(nil, to, 10), -1)
	return err
}

func (s *setting) Get(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value, nil
}

// follow reads the number whenever it has changed, and once in a while.
func (s *setting) follow(ctx context.Context) {
	defer close(s.over)
	const pause = 50 * time.Millisecond
	for ctx.Err() == nil {
		changed, err := s.renew()
		again := time.After(time.Second)
		if err != nil {
			again = time.After(pause)
		}
		if s.wrong {
			again = nil
		}
		select {
		case <-changed:
		case <-again:
		case <-ctx.Done():
		}
		if s.wrong {
			<-ctx.Done()
		}
	}
}

func (s *setting) renew() (changed <-chan zk.Event, err error) {
	data, stat, changed, err := s.now.Conn.GetW(s.path)
	if err != nil {
		return nil, err
	}
	value, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stat.Version >= s.version { // the server of the new connection may be behind the previous one
		s.value, s.version = value, stat.Version
	}
	return changed, nil
}

func (s *setting) Close(ctx context.Context) error {
	s.end()
	s.done()
	return s.seat.Close(ctx)
}

func (s *setting) end() {
	s.stop()
	<-s.over
}

// settings declares settings, whose gets answer from a cache.
func settings(life Life, wrong bool) Declared {
	set, get := object.Give("set", (*setting).Set, object.Unique), object.Ask("get", (*setting).Get).Cached().Weight(3)
	return object.Object[*setting]{
		Name: "own-setting", Operations: []object.Operation[*setting]{set, get},
		New: func(c *subjects.Client, path string) (*setting, error) {
			at, err := life.at(c, path, "0")
			if err != nil {
				return nil, err
			}
			s := &setting{seat: at, wrong: wrong, over: make(chan struct{})}
			if s.now, s.done, err = at.session(); err != nil {
				return nil, err
			}
			if _, err = s.renew(); err != nil {
				s.done()
				return nil, err
			}
			ctx, stop := context.WithCancel(context.Background())
			s.stop = stop
			c.BeforeEnd(func(context.Context) { s.end() })
			go s.follow(ctx)
			return s, nil
		},
		Rules: []object.Rule{object.Sequential(int64(0),
			object.Runs(set, func(_, to int64) (int64, object.None, error) { return to, object.None{}, nil }),
			object.Runs(get, func(now int64, _ object.None) (int64, int64, error) { return now, now, nil }))},
	}
}
