// Package springstore is the metadata store of Spring Integration: put-if-absent by a create, with a cache of all values.
package springstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "springstore",
	Program: "Spring Integration, putIfAbsent of the metadata store",
	File: "spring-projects/spring-integration, " +
		"spring-integration-zookeeper/src/main/java/org/springframework/integration/zookeeper/metadata/ZookeeperMetadataStore.java",
	Version: "commit 66fc70b5 (May 2026), which is the last one of this file in August 2026",
	LeftOut: "The port has putIfAbsent only, with the cache that it reads; put, replace, remove and the listeners are left out. So no value changes, and " +
		"the cache of the port reads a value once, after an event for the list of keys. Curator repeats requests that got no answer; the port does so five times.",
	Promises: "putIfAbsent is atomic: of all callers with the same key, one stores its value and gets null, and the others get the value that is " +
		"there. Receivers use it to handle each message once.",
	NotPromised: "get may return an old value.",
	AsIs:        stores(New),
	Wrong: &entry.Wrong{
		Mistake: entry.OldRead,
		Happens: "The create fails because the key exists. The store then reads the value in its own cache, which does not have it yet, and returns " +
			"null: two callers believe that they stored their value. After a lost reply, Curator repeats the create, and then no caller handles " +
			"the message.",
		Breaks: []string{"once", "others"},
		Fault:  "two callers with the same key at the same time, and no fault; for the second way, a lost reply",
		Mend: "After the refusal, the store reads the znode itself, after a sync, and not the cache. Each create writes a new identifier beside the value, so " +
			"the store recognizes a znode that an earlier try of the same create has made.",
		Mended: stores(newMended),
	},
}

// Store is the source's ZookeeperMetadataStore.
type Store struct {
	c      *subjects.Client
	path   string
	mended bool
	end    context.Context

	mu      sync.Mutex
	cache   map[string]string // what the watch has led to
	updates map[string]string // what this store has put
}

// New returns the store of a client.
func New(c *subjects.Client, path string) (*Store, error) {
	end, cancel := context.WithCancel(context.Background())
	c.BeforeEnd(func(context.Context) { cancel() })
	s := &Store{c: c, path: path, end: end, cache: map[string]string{}, updates: map[string]string{}}
	if err := port.Ensure(c, path); err != nil {
		return nil, err
	}
	go s.follow()
	return s, nil
}

func newMended(c *subjects.Client, path string) (*Store, error) {
	s, err := New(c, path)
	if err == nil {
		s.mended = true
	}
	return s, err
}

// follow is the cache: it reads the keys again after each event, and the values of new keys.
func (s *Store) follow() {
	for s.end.Err() == nil {
		keys, _, event, err := s.c.Conn.ChildrenW(s.path)
		for _, key := range keys {
			if err == nil {
				err = s.load(key)
			}
		}
		if err != nil {
			port.Wait(s.end, 100*time.Millisecond)
			continue
		}
		select {
		case <-event:
		case <-s.end.Done():
		}
	}
}

func (s *Store) load(key string) error {
	s.mu.Lock()
	_, known := s.cache[key]
	s.mu.Unlock()
	if known {
		return nil
	}
	value, _, err := s.c.Conn.Get(s.path + "/" + key)
	if err == nil {
		s.mu.Lock()
		s.cache[key] = string(value)
		s.mu.Unlock()
	}
	return err
}

// get is the source's get: it returns "" if it knows no value.
func (s *Store) get(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, ok := s.updates[key]; ok {
		return value
	}
	return s.cache[key]
}

// Pair is a key with a value.
type Pair struct {
	Key   int
	Value int64
}

// PutIfAbsent returns nil if it has put the value, or the value that was there.
func (s *Store) PutIfAbsent(ctx context.Context, p Pair) (*int64, error) {
	key, value, path := fmt.Sprint(p.Key), fmt.Sprint(p.Value), fmt.Sprintf("%s/%d", s.path, p.Key)
	if s.mended {
		value += " " + rand.Text()
	}
	err := port.Again(ctx, func() error { _, err := s.c.Conn.Create(path, []byte(value), 0, port.ACL); return err })
	switch {
	case err == nil:
		s.mu.Lock()
		s.updates[key] = value
		s.mu.Unlock()
		return nil, nil
	case !errors.Is(err, zk.ErrNodeExists):
		return nil, err
	}
	there := s.get(key)
	if s.mended {
		if there, err = s.read(ctx, path); err != nil || there == value {
			return nil, err
		}
	}
	return parse(there)
}

// read reads what is there now.
func (s *Store) read(ctx context.Context, path string) (string, error) {
	var value []byte
	err := port.Again(ctx, func() (err error) {
		if _, err = s.c.Conn.Sync(path); err == nil {
			value, _, err = s.c.Conn.Get(path)
		}
		return err
	})
	return string(value), err
}

func parse(value string) (*int64, error) {
	if value == "" {
		return nil, nil
	}
	number, _, _ := strings.Cut(value, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	return &n, err
}

var (
	put = object.Call("put-if-absent", (*Store).PutIfAbsent, func(d *object.Draw) Pair { return Pair{d.IntN(40), d.Unique()} })

	once = object.Property("once", "of one key, one caller at most is told that it has put its value", func(k *object.Key) (found []object.Finding) {
		first := map[int]*object.Did{}
		for call, v := range object.Of(k, put) {
			if v.Got != nil {
				continue
			}
			if other := first[v.Arg.Key]; other != nil {
				found = append(found, object.Finding{Why: "two callers are told that they put the value of one key", Show: []*object.Did{other, call}})
			}
			first[v.Arg.Key] = call
		}
		return found
	})
	others = object.Property("others", "no caller is told that its own value was there before", func(k *object.Key) (found []object.Finding) {
		for call, v := range object.Of(k, put) {
			if v.Got != nil && *v.Got == v.Arg.Value {
				found = append(found, object.Finding{Why: "the value that was there is the caller's own", Show: []*object.Did{call}})
			}
		}
		return found
	})
)

func stores(construct func(*subjects.Client, string) (*Store, error)) workloads.Workload {
	return object.Object[*Store]{
		Name: "metadata-store", New: construct,
		Operations: []object.Operation[*Store]{put},
		Rules:      []object.Rule{once, others},
	}.Workload()
}
