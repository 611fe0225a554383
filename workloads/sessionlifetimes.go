package workloads

import (
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"
)

// This file is about znodes that servers delete by themselves: containers, and znodes with
// a TTL. Servers before 3.5.3, and servers without zookeeper.extendedTypesEnabled, refuse
// to create them, which is also an answer.

// The TTL of znodes that expire during the run, and of those that never should.
const (
	briefTTL = time.Second
	longTTL  = time.Hour
)

func containerZnode(folder string, client int) string { return fmt.Sprintf("%s/kc%d", folder, client) }
func briefZnode(folder string, client int) string     { return fmt.Sprintf("%s/kt%d", folder, client) }
func longZnode(folder string, client int) string      { return fmt.Sprintf("%s/kl%d", folder, client) }

// lifetimes creates containers and znodes with a TTL, gives them children and data, and reads
// those of other clients.
func (s *sessionClient) lifetimes(folder, _ string) []request {
	const any = -1
	other := s.rng.IntN(len(s.run.env.Clients))
	container, brief, long := containerZnode(folder, s.ID), briefZnode(folder, s.ID), longZnode(folder, s.ID)
	switch s.rng.IntN(9) {
	case 0:
		return []request{s.createContainer(container), exists(container), exists(containerZnode(folder, other))}
	case 1:
		return []request{s.createContainer(container), s.create(container+"/c", 0), children(container)}
	case 2:
		return []request{remove(container+"/c", any), exists(container), exists(containerZnode(folder, other))}
	case 3:
		return []request{s.createTTL(brief, briefTTL), exists(brief), get(briefZnode(folder, other))}
	case 4:
		return []request{s.set(brief, any), get(brief)}
	case 5:
		return []request{s.createTTL(long, longTTL), exists(long), get(longZnode(folder, other))}
	case 6:
		return []request{s.set(long, any), get(long)}
	case 7:
		return []request{s.create(brief+"/c", zk.FlagEphemeral), exists(brief), remove(brief+"/c", any)}
	}
	return []request{exists(containerZnode(folder, other)), exists(briefZnode(folder, other)), exists(longZnode(folder, other))}
}

func (s *sessionClient) createContainer(path string) request {
	data := s.data()
	return func(conn *zk.Conn) error {
		_, err := conn.CreateContainer(path, data, zk.FlagContainer, zk.WorldACL(zk.PermAll))
		return err
	}
}

func (s *sessionClient) createTTL(path string, ttl time.Duration) request {
	data := s.data()
	return func(conn *zk.Conn) error {
		_, err := conn.CreateTTL(path, data, zk.FlagTTL, zk.WorldACL(zk.PermAll), ttl)
		return err
	}
}
