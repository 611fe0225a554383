// Package confd is how confd follows keys: it reads all of them, then sets watches, and reads again after an event.
package confd

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "confd",
	Program: "confd, watch mode",
	File:    "kelseyhightower/confd, backends/zookeeper/client.go, with monitorPrefix of resource/template/processor.go",
	Version: "commit ac1b9367 (January 2018), which is the last one of the file in December 2023",
	LeftOut: "The template has the keys of one folder, and one of them is the configuration; a key that is not there is one without a value. confd writes a file; " +
		"the port reports the value if it has changed. Clients set and delete the key by plain writes. A watcher of confd whose session has expired reads from a closed channel " +
		"again and again, at full speed; in the port it does nothing.",
	Promises:    "In watch mode, the file follows the keys: each change leads to a new file.",
	NotPromised: "Values that are soon replaced may never be in the file.",
	AsIs:        workloads.Config{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.ForgetsToWatch,
		Happens: "confd reads the keys, and then sets its watches with other reads, whose answers it drops. A change in between wakes no watch, and " +
			"confd keeps the old value. It also waits without a watch after a failed read, and after the end of its session.",
		Breaks: []string{"converge"},
		Fault:  "a change at the wrong moment, and no fault; a broken connection or a session that expires does it, too",
		Mend:   "The read whose answer is used sets the watch. After each event, of whatever kind, and after each error, confd looks again; also each second.",
		Mended: workloads.Config{New: newMended},
	},
}

// Config is the template of one client.
type Config struct {
	subjects.PlainWrites
	c         *subjects.Client
	dir, path string
	mended    bool
	end       context.Context
	begin     sync.Once
	file      chan models.Setting
	watching  bool           // lastIndex of the source is above 0
	told      models.Setting // what was reported last
	toldAny   bool
}

// New returns the configuration of a client.
func New(c *subjects.Client, path string) (subjects.Config, error) {
	end, cancel := context.WithCancel(context.Background())
	c.BeforeEnd(func(context.Context) { cancel() })
	return &Config{
		PlainWrites: subjects.PlainWrites{Conn: c.Conn, Root: path}, c: c, dir: path[:strings.LastIndexByte(path, '/')], path: path,
		end: end, file: make(chan models.Setting, 1000),
	}, nil
}

func newMended(c *subjects.Client, path string) (subjects.Config, error) {
	s, err := New(c, path)
	s.(*Config).mended = true
	return s, err
}

// Set sets the key.
func (s *Config) Set(ctx context.Context, value string) error {
	return s.Put(ctx, models.CacheRoot, value)
}

// Delete deletes the key.
func (s *Config) Delete(ctx context.Context) error { return s.Remove(ctx, models.CacheRoot) }

// values is the source's GetValues of the folder.
func (s *Config) values() (map[string]string, error) {
	vars := map[string]string{}
	names, _, err := s.c.Conn.Children(s.dir)
	for _, name := range names {
		path := s.dir + "/" + name
		there, stat, err := s.c.Conn.Exists(path)
		if err != nil {
			return vars, err
		}
		if there && stat.NumChildren > 0 {
			continue
		}
		data, _, err := s.c.Conn.Get(path)
		if err != nil {
			return vars, err
		}
		vars[path] = string(data)
	}
	return vars, err
}

// watchPrefix is the source's WatchPrefix.
func (s *Config) watchPrefix(ctx context.Context) error {
	if !s.watching {
		return nil
	}
	entries, err := s.values()
	if err != nil {
		return err
	}
	paths := []string{s.dir}
	for path := range entries {
		paths = append(paths, path)
	}
	response := make(chan error)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, path := range paths {
		go s.watch(ctx, path, response)
	}
	select {
	case err := <-response:
		return err
	case <-ctx.Done():
		return port.Ended(ctx)
	}
}

// watch sets watches, and responds to an event that tells of a change.
func (s *Config) watch(ctx context.Context, path string, response chan<- error) {
	_, _, data, err := s.c.Conn.GetW(path)
	var children <-chan zk.Event
	if err == nil {
		_, _, children, err = s.c.Conn.ChildrenW(path)
	}
	for changed := err != nil; !changed; {
		var e zk.Event
		var open bool
		select {
		case e, open = <-data:
			if !open {
				data = nil
			}
		case e, open = <-children:
			if !open {
				children = nil
			}
		case <-ctx.Done():
			return
		}
		changed = e.Type == zk.EventNodeDataChanged || e.Type == zk.EventNodeChildrenChanged
	}
	select {
	case response <- err:
	case <-ctx.Done():
	}
}

// monitor is the source's monitorPrefix. It runs from the first Next on.
func (s *Config) monitor() {
	for s.end.Err() == nil {
		if err := s.watchPrefix(s.end); err != nil {
			port.Wait(s.end, 2*time.Second)
			continue
		}
		s.watching = true
		if vars, err := s.values(); err == nil { // otherwise it is logged
			value, there := vars[s.path]
			s.file <- models.Setting{Value: value, Absent: !there}
		}
	}
}

// Next returns the next file that differs from the one before.
func (s *Config) Next(ctx context.Context) (models.Setting, error) {
	if s.mended {
		return s.next(ctx)
	}
	s.begin.Do(func() { go s.monitor() })
	for {
		select {
		case now := <-s.file:
			if s.news(now) {
				return now, nil
			}
		case <-ctx.Done():
			return models.Setting{}, port.Ended(ctx)
		}
	}
}

// news reports whether a setting is another one than before, and keeps it.
func (s *Config) news(now models.Setting) bool {
	if s.toldAny && s.told == now {
		return false
	}
	s.told, s.toldAny = now, true
	return true
}

// next is the mended way.
func (s *Config) next(ctx context.Context) (models.Setting, error) {
	for {
		there, _, event, err := s.c.Conn.ExistsW(s.path)
		var data []byte
		if err == nil && there {
			data, _, event, err = s.c.Conn.GetW(s.path)
		}
		if err == nil {
			if now := (models.Setting{Value: string(data), Absent: !there}); s.news(now) {
				return now, nil
			}
		} else if !errors.Is(err, zk.ErrNoNode) && !port.ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) && !errors.Is(err, zk.ErrNoAuth) {
			return models.Setting{}, err
		}
		later := time.After(time.Second)
		if err != nil {
			event, later = nil, time.After(100*time.Millisecond)
		}
		select {
		case <-event:
		case <-later:
		case <-ctx.Done():
			return models.Setting{}, port.Ended(ctx)
		}
	}
}
