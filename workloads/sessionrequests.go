package workloads

import (
	"errors"

	"github.com/go-zookeeper/zk"
)

// This file contains the single requests of the session workload. The methods of a client remember
// what they learned, for later requests.

// getVersion returns a read that remembers the version.
func (s *sessionClient) getVersion(path string) request {
	return func(conn *zk.Conn) error {
		_, stat, err := conn.Get(path)
		s.remember(path, stat, err)
		return err
	}
}

func (s *sessionClient) set(path string, version int32) request {
	data := s.data()
	return func(conn *zk.Conn) error {
		stat, err := conn.Set(path, data, version)
		s.remember(path, stat, err)
		return err
	}
}

func (s *sessionClient) create(path string, flags int32) request {
	data := s.data()
	return func(conn *zk.Conn) error {
		_, err := conn.Create(path, data, flags, zk.WorldACL(zk.PermAll))
		if flags == 0 && (err == nil || errors.Is(err, zk.ErrNodeExists)) {
			s.remember(path, &zk.Stat{}, nil)
		}
		return err
	}
}

// createNext creates a sequential znode, often an ephemeral one.
func (s *sessionClient) createNext(parent, key string) request {
	name, flags := "/n-", int32(zk.FlagSequence)
	if s.rng.IntN(3) == 0 {
		name, flags = "/e-", flags|zk.FlagEphemeral
	}
	data := s.data()
	return func(conn *zk.Conn) error {
		path, err := conn.Create(parent+name, data, flags, zk.WorldACL(zk.PermAll))
		if err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.made[key] = append(s.made[key], path)
		}
		return err
	}
}

// remember remembers the version of a znode, or that it is gone.
func (s *sessionClient) remember(path string, stat *zk.Stat, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.versions[path] = stat.Version
	case errors.Is(err, zk.ErrNoNode):
		delete(s.versions, path)
	}
}

func (s *sessionClient) version(path string) (int32, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.versions[path]
	return v, ok
}

// Requests that leave nothing to remember. A watch's event goes only to the record.

func get(path string) request {
	return func(conn *zk.Conn) error { _, _, err := conn.Get(path); return err }
}

func getW(path string) request {
	return func(conn *zk.Conn) error { _, _, _, err := conn.GetW(path); return err }
}

func exists(path string) request {
	return func(conn *zk.Conn) error { _, _, err := conn.Exists(path); return err }
}

func existsW(path string) request {
	return func(conn *zk.Conn) error { _, _, _, err := conn.ExistsW(path); return err }
}

func children(path string) request {
	return func(conn *zk.Conn) error { _, _, err := conn.Children(path); return err }
}

func childrenW(path string) request {
	return func(conn *zk.Conn) error { _, _, _, err := conn.ChildrenW(path); return err }
}

func remove(path string, version int32) request {
	return func(conn *zk.Conn) error { return conn.Delete(path, version) }
}

func syncTo(path string) request {
	return func(conn *zk.Conn) error { _, err := conn.Sync(path); return err }
}

func multi(ops ...any) request {
	return func(conn *zk.Conn) error { _, err := conn.Multi(ops...); return err }
}

// recreate deletes a znode with its children and creates it again, in one transaction.
func recreate(parent string) request {
	return func(conn *zk.Conn) error {
		names, _, err := conn.Children(parent)
		if err != nil {
			return err
		}
		var ops []any
		for _, name := range names {
			ops = append(ops, &zk.DeleteRequest{Path: parent + "/" + name, Version: -1})
		}
		ops = append(ops, &zk.DeleteRequest{Path: parent, Version: -1}, &zk.CreateRequest{Path: parent, Acl: zk.WorldACL(zk.PermAll)})
		_, err = conn.Multi(ops...)
		return err
	}
}
