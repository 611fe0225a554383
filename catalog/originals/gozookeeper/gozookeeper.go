// Package gozookeeper puts the lock of go-zookeeper itself under zklab's test, beside the recipe that was written after
// it. The catalogue depends on go-zookeeper anyway, so it needs no module of its own.
package gozookeeper

import "github.com/zklab/zklab/subjects"

// New returns the lock of a client.
func New(c *subjects.Client, path string) (subjects.Lock, error) {
	return subjects.GoZookeeperLock(c, path)
}
