// Package ownsession gives clients of tests sessions of their own, in addition to the session that all
// subjects of a client share.
package ownsession

import "github.com/zklab/zklab/subjects"

// Open returns a client like c with a session of its own. Its Close ends what works on that session. The
// caller may close the connection; otherwise it is closed with c.
func Open(c *subjects.Client) (*subjects.Client, error) {
	conn, events, err := c.Connect()
	if err != nil {
		return nil, err
	}
	return &subjects.Client{
		ID: c.ID, Servers: c.Servers, Timeout: c.Timeout, Dial: c.Dial, Conn: conn, Events: events, Subscribe: c.Subscribe,
	}, nil
}
