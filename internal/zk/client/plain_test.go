package client_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// before35 is a connection to a server that does not know Create2: it answers a single one with an
// error and ends the connection, and cannot read a transaction with one.
type before35 struct{ net.Conn }

var (
	create2        = binary.BigEndian.AppendUint32(nil, uint32(wire.Create2))
	create2InMulti = append(bytes.Clone(create2), 0, 0xff, 0xff, 0xff, 0xff) // not the last one, and no error
	nobodys        = []byte{0, 0, 0x7f, 0x7f}
)

// Write takes a frame, which begins with its length, an xid and the type of the request.
func (c before35) Write(frame []byte) (int, error) {
	sent := bytes.ReplaceAll(frame, create2InMulti, append(bytes.Clone(nobodys), create2InMulti[4:]...))
	if len(sent) > 12 && bytes.Equal(sent[8:12], create2) {
		copy(sent[8:], nobodys)
	}
	_, err := c.Conn.Write(sent)
	return len(frame), err
}

// hangsUp is a connection to a server that does not know Create2 and ends the connection when it gets
// one.
type hangsUp struct{ net.Conn }

func (c hangsUp) Write(frame []byte) (int, error) {
	if bytes.Contains(frame, create2InMulti) || len(frame) > 12 && bytes.Equal(frame[8:12], create2) {
		return len(frame), c.Close()
	}
	return c.Conn.Write(frame)
}

// Znodes can be created on servers before 3.5 and on servers that hang up at unknown requests, one by
// one and in transactions.
func TestCreateWithoutCreate2(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"before 3.5": func(c net.Conn) net.Conn { return before35{c} },
		"hangs up":   func(c net.Conn) net.Conn { return hangsUp{c} },
	} {
		t.Run(name, func(t *testing.T) { createsWithout2(t, wrap) })
	}
}

// A connection that is lost by chance at the first create proves nothing about the requests that
// servers know.
func TestCreateIsLostByChance(t *testing.T) {
	for _, losses := range []int{1, 2} {
		virtually(t, func(l *lab) {
			left := losses
			dial := func(ctx context.Context, addr string) (net.Conn, error) {
				conn, err := l.dial(ctx, addr)
				if left--; left >= 0 {
					conn = hangsUp{conn}
				}
				return conn, err
			}
			c, err := client.Connect(l.ctx, client.Config{Servers: l.e.Addrs(), Dial: dial})
			l.ok(err)
			l.Cleanup(c.Close)
			if _, _, err := c.Create(l.ctx, "/a", nil, nil, wire.Persistent, 0); !errors.Is(err, wire.ConnectionLoss) {
				t.Errorf("after %d: %v", losses, err)
			}
			_, _, err = c.Create(l.ctx, "/a", nil, nil, wire.Persistent, 0)
			l.ok(err)
		})
	}
}

func createsWithout2(t *testing.T, wrap func(net.Conn) net.Conn) {
	virtually(t, func(l *lab) {
		dial := func(ctx context.Context, addr string) (net.Conn, error) {
			conn, err := l.dial(ctx, addr)
			if err != nil {
				return nil, err
			}
			return wrap(conn), nil
		}
		connect := func() *client.Client {
			c, err := client.Connect(l.ctx, client.Config{Servers: l.e.Addrs(), Dial: dial})
			l.ok(err)
			l.Cleanup(c.Close)
			return c
		}
		for name, multiFirst := range map[string]bool{"/create": false, "/multi": true} {
			c := connect()
			one := func() {
				path, stat, err := c.Create(l.ctx, name+"-", []byte("abc"), nil, wire.EphemeralSequential, 0)
				l.ok(err)
				if len(path) != len(name)+11 || stat.DataLength != 3 || stat.EphemeralOwner != c.Session().ID {
					t.Errorf("%s %+v", path, stat)
				}
			}
			all := func() {
				got, err := c.Multi(l.ctx, []wire.MultiOp{
					client.CreateOp(name, nil, nil, wire.Persistent, 0),
					client.CreateOp(name+"/x", nil, nil, wire.Persistent, 0),
				})
				l.ok(err)
				if len(got) != 2 || got[1].Path != name+"/x" {
					t.Errorf("%+v", got)
				}
			}
			if multiFirst {
				all()
				one()
			} else {
				one()
				all()
			}
			one()
		}
		names, _, err := connect().Children(l.ctx, "/multi", false)
		l.ok(err)
		if d := cmp.Diff([]string{"x"}, names); d != "" {
			t.Error(d)
		}
	})
}

// before36 is a connection to a server that does not know the requests that came with 3.6. The client
// notices the end of the connection a moment after the last answer.
type before36 struct{ net.Conn }

func (c before36) Write(frame []byte) (int, error) {
	sent := bytes.Clone(frame)
	if len(sent) >= 12 && binary.BigEndian.Uint32(sent[8:]) > uint32(wire.SASL) && sent[8] == 0 { // the type of closeSession is negative
		copy(sent[8:], nobodys)
	}
	_, err := c.Conn.Write(sent)
	return len(frame), err
}

func (c before36) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		time.Sleep(100 * time.Millisecond)
	}
	return n, err
}

// Requests that follow one that the server does not know are not lost, although the server ends the
// connection.
func TestWriteBehindUnknownRequest(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *client.Client) error{
		"whoAmI": func(ctx context.Context, c *client.Client) error {
			_, err := c.WhoAmI(ctx)
			return err
		},
		"getAllChildrenNumber": func(ctx context.Context, c *client.Client) error {
			_, err := c.ChildrenNumber(ctx, "/")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(l *lab) {
				dial := func(ctx context.Context, addr string) (net.Conn, error) {
					conn, err := l.dial(ctx, addr)
					return before36{conn}, err
				}
				c, err := client.Connect(l.ctx, client.Config{Servers: l.e.Addrs(), Dial: dial})
				l.ok(err)
				l.Cleanup(c.Close)
				if err := ask(l.ctx, c); !errors.Is(err, wire.Unimplemented) {
					t.Fatal(err)
				}
				_, _, err = c.Create(l.ctx, "/x", nil, nil, wire.Persistent, 0)
				l.ok(err)
			})
		})
	}
}
