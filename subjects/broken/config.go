package broken

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// shownConfig is a configuration whose watch is a loop of reads, with a defect in what it considers new.
type shownConfig struct {
	subjects.Config // the correct part
	conn            *zk.Conn
	path            string
	news            func(was *shown, now shown) bool

	last      *shown
	snapshots bool   // it keeps the first value that it reported, for errors
	snapshot  *shown // that value
}

// shown is the outcome of a read.
type shown struct {
	models.Setting
	stat zk.Stat
}

func newShownConfig(c *subjects.Client, path string, news func(was *shown, now shown) bool) (*shownConfig, error) {
	right, err := subjects.NewConfig(c, path)
	return &shownConfig{Config: right, conn: c.Conn, path: path, news: news}, err
}

// Next reads until it sees news.
func (s *shownConfig) Next(ctx context.Context) (models.Setting, error) {
	for ctx.Err() == nil {
		now, changed, err := s.read()
		if err == nil && (s.last == nil || s.news(s.last, now)) {
			return s.tell(now), nil
		}
		if err == nil {
			err = waitFor(ctx, changed)
		}
		switch {
		case err == nil || ctx.Err() != nil:
		case s.snapshot != nil && differs(s.last, *s.snapshot):
			return s.tell(*s.snapshot), nil
		default:
			time.Sleep(retryPause)
		}
	}
	return models.Setting{}, subjects.WithoutEffect(context.Cause(ctx))
}

func (s *shownConfig) tell(now shown) models.Setting {
	if s.last == nil && s.snapshots {
		s.snapshot = &now
	}
	s.last = &now
	return now.Setting
}

// read returns what exists, with a watch on it.
func (s *shownConfig) read() (shown, <-chan zk.Event, error) {
	for {
		data, stat, changed, err := s.conn.GetW(s.path)
		if err == nil {
			return shown{models.Setting{Value: string(data)}, *stat}, changed, nil
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return shown{}, nil, err
		}
		exists, _, changed, err := s.conn.ExistsW(s.path)
		if err != nil || !exists {
			return shown{Setting: models.Setting{Absent: true}}, changed, err
		}
	}
}

// differs reports whether now differs from what was reported last.
func differs(was *shown, now shown) bool {
	return now.Absent != was.Absent || now.stat.Mzxid != was.stat.Mzxid
}

// SnapshotOnLoss returns a configuration that reports a snapshot when it cannot read, although it
// has reported later values. Property "order" finds it when connections or sessions are lost.
func SnapshotOnLoss(c *subjects.Client, path string) (subjects.Config, error) {
	s, err := newShownConfig(c, path, differs)
	if err != nil {
		return nil, err
	}
	s.snapshots = true
	return s, nil
}

// ReportsByVersion returns a configuration that reports only versions higher than all before.
// Versions start again when the znode is created again; it notices that only if it has deleted the
// znode itself. Property "converge" finds it when another client does that.
func ReportsByVersion(c *subjects.Client, path string) (subjects.Config, error) {
	v := &versionConfig{highest: -1}
	s, err := newShownConfig(c, path, v.isNews)
	v.shownConfig = s
	return v, err
}

type versionConfig struct {
	*shownConfig
	highest int32
}

func (v *versionConfig) isNews(was *shown, now shown) bool {
	if !was.Absent {
		v.highest = max(v.highest, was.stat.Version)
	}
	if now.Absent {
		return !was.Absent
	}
	return now.stat.Version > v.highest
}

func (v *versionConfig) Delete(ctx context.Context) error {
	err := v.Config.Delete(ctx)
	if err == nil {
		v.highest = -1
		v.last = &shown{Setting: models.Setting{Absent: true}}
	}
	return err
}

// CreatesEmpty returns a configuration that first creates its znode and then writes to it, so that
// a client that watches can be told a value that no client has set. Property "valid" finds it
// whenever others look.
func CreatesEmpty(c *subjects.Client, path string) (subjects.Config, error) {
	right, err := subjects.NewConfig(c, path)
	return emptyConfig{right, c.Conn, path}, err
}

type emptyConfig struct {
	subjects.Config
	conn *zk.Conn
	path string
}

func (e emptyConfig) Set(ctx context.Context, value string) error {
	if exists, _, err := e.conn.Exists(e.path); err == nil && !exists {
		_, _ = e.conn.Create(e.path, nil, 0, openACL)
	}
	return e.Config.Set(ctx, value)
}

// FirstFromMemory returns a configuration that reads when it is made, remembers its own writes, and
// reports that first. Property "first" finds it whenever others write.
func FirstFromMemory(c *subjects.Client, path string) (subjects.Config, error) {
	s, err := newShownConfig(c, path, differs)
	if err != nil {
		return nil, err
	}
	m := &memoryConfig{shownConfig: s}
	now, _, err := s.read()
	m.known = now.Setting
	return m, err
}

type memoryConfig struct {
	*shownConfig
	known models.Setting
	asked bool
}

func (m *memoryConfig) Set(ctx context.Context, value string) error {
	err := m.Config.Set(ctx, value)
	if err == nil {
		m.known = models.Setting{Value: value}
	}
	return err
}

func (m *memoryConfig) Delete(ctx context.Context) error {
	err := m.Config.Delete(ctx)
	if err == nil {
		m.known = models.Setting{Absent: true}
	}
	return err
}

func (m *memoryConfig) Next(ctx context.Context) (models.Setting, error) {
	if !m.asked {
		m.asked = true
		return m.known, nil
	}
	return m.Config.Next(ctx)
}
