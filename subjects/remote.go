package subjects

import (
	"errors"
	"fmt"
)

// errHere is why a client within this process has no remote subjects.
var errHere = errors.New("this client is not a process of its own, so there is no other process to make the subject in")

// RemoteLock is the lock of the program that the client runs as.
func RemoteLock(c *Client, path string) (Lock, error) {
	if c.Remote == nil {
		return nil, errHere
	}
	return c.Remote.Lock(path)
}

// RemoteElection is the election of the program that the client runs as.
func RemoteElection(c *Client, path, id string) (Election, error) {
	if c.Remote == nil {
		return nil, errHere
	}
	return c.Remote.Election(path, id)
}

// RemoteQueue is the queue of the program that the client runs as.
func RemoteQueue(c *Client, path string) (Queue, error) {
	if c.Remote == nil {
		return nil, errHere
	}
	return c.Remote.Queue(path)
}

// RemoteBarrier is the barrier of the program that the client runs as.
func RemoteBarrier(c *Client, path string) (Barrier, error) {
	if c.Remote == nil {
		return nil, errHere
	}
	return c.Remote.Barrier(path)
}

// RemoteDoubleBarrier is the double barrier of the program that the client runs as.
func RemoteDoubleBarrier(c *Client, path string, parties int) (DoubleBarrier, error) {
	if c.Remote == nil {
		return nil, errHere
	}
	return c.Remote.DoubleBarrier(path, parties)
}

// connected is why a subject of this process cannot be made: the client has its
// connection in another one.
func (c *Client) connected() error {
	if c.Conn == nil {
		return fmt.Errorf("client %d has its connection in another process: its subjects are made there", c.ID)
	}
	return nil
}
