package memnet

import (
	"io"
	"os"
	"testing"
	"time"
)

func TestDeadlineInThePast(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		write(t, server, "here already")
		for _, past := range []time.Time{time.Unix(1, 0), time.Now().Add(-1), time.Now()} {
			client.SetDeadline(past)
			n, err := client.Read(make([]byte, 5))
			fails(t, "read", err, os.ErrDeadlineExceeded)
			m, err := client.Write(make([]byte, 5))
			fails(t, "write", err, os.ErrDeadlineExceeded)
			if n != 0 || m != 0 {
				t.Errorf("read %d and wrote %d bytes", n, m)
			}
		}
		client.SetDeadline(time.Time{})
		read(t, client, "here already")
		write(t, client, "works again")
		read(t, server, "works again")
	})
}

// TestDeadlineWakes: a deadline that is set before or while Read and Write wait wakes them when it is
// reached, not earlier.
func TestDeadlineWakes(t *testing.T) {
	for name, set := range map[string]func(c *Conn, by time.Time){
		"both":    func(c *Conn, by time.Time) { c.SetDeadline(by) },
		"by wall": func(c *Conn, by time.Time) { c.SetDeadline(by.Round(0)) },
		"moved forward": func(c *Conn, by time.Time) {
			c.SetDeadline(by.Add(-2 * time.Second))
			time.AfterFunc(500*time.Millisecond, func() { c.SetDeadline(by) })
		},
		"moved back": func(c *Conn, by time.Time) {
			c.SetDeadline(by.Add(time.Hour))
			time.AfterFunc(time.Second, func() { c.SetDeadline(by) })
		},
		"moved after the timer": func(c *Conn, by time.Time) {
			c.SetDeadline(by.Add(-time.Second))
			c.SetDeadline(time.Time{})
			time.AfterFunc(time.Until(by)-time.Second/2, func() { c.SetDeadline(by) })
		},
	} {
		for _, before := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				inBubble(t, func(t *testing.T, client, _ *Conn) {
					start := time.Now()
					by := start.Add(3 * time.Second)
					if before {
						set(client, by)
					}
					waiting := block(client)
					if !before {
						set(client, by)
					}
					waiting.expect(t, "the end", os.ErrDeadlineExceeded, os.ErrDeadlineExceeded)
					if took := time.Since(start); took != 3*time.Second {
						t.Errorf("woken after %v", took)
					}
				})
			})
		}
	}
}

func TestDeadlineNow(t *testing.T) {
	inBubble(t, func(t *testing.T, client, _ *Conn) {
		start := time.Now()
		waiting := block(client)
		client.SetDeadline(start)
		waiting.expect(t, "the end", os.ErrDeadlineExceeded, os.ErrDeadlineExceeded)
		if took := time.Since(start); took != 0 {
			t.Errorf("woken after %v", took)
		}
	})
}

// TestDeadlinesAreTheirOwn: the deadline of Read is neither that of Write nor the peer's.
func TestDeadlinesAreTheirOwn(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		client.SetReadDeadline(time.Now())
		server.SetWriteDeadline(time.Now())
		write(t, client, "fine")
		read(t, server, "fine")
		_, err := client.Read(make([]byte, 1))
		fails(t, "client reads", err, os.ErrDeadlineExceeded)
		_, err = server.Write(make([]byte, 1))
		fails(t, "server writes", err, os.ErrDeadlineExceeded)
	})
}

// TestDeadlineTakenBack: a read continues to wait when its deadline is removed.
func TestDeadlineTakenBack(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		client.SetReadDeadline(time.Now().Add(time.Second))
		time.AfterFunc(time.Second/2, func() { client.SetReadDeadline(time.Time{}) })
		time.AfterFunc(time.Hour, func() { write(t, server, "late") })
		read(t, client, "late")
	})
}

// TestManyDeadlines sets a deadline before each read, as clients do.
func TestManyDeadlines(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		go func() {
			for range 1000 {
				time.Sleep(900 * time.Millisecond)
				server.Write([]byte("beat"))
			}
		}()
		for range 1000 {
			client.SetReadDeadline(time.Now().Add(time.Second))
			read(t, client, "beat")
		}
		start := time.Now()
		client.SetReadDeadline(time.Now().Add(time.Second))
		_, err := io.ReadFull(client, make([]byte, 1))
		fails(t, "the last read", err, os.ErrDeadlineExceeded)
		if took := time.Since(start); took != time.Second {
			t.Errorf("woken after %v", took)
		}
	})
}

// TestEndedConnKeepsNothing: it keeps neither a timer nor memory, even if deadlines are set later.
func TestEndedConnKeepsNothing(t *testing.T) {
	for name, end := range map[string]func(client, server *Conn){
		"close": func(client, server *Conn) { client.Close(); server.Close() },
		"reset": func(client, _ *Conn) { client.Reset() },
	} {
		inBubble(t, func(t *testing.T, client, server *Conn) {
			for _, c := range []*Conn{client, server} {
				write(t, c, "unread")
				c.SetDeadline(time.Now().Add(time.Minute))
			}
			end(client, server)
			for _, c := range []*Conn{client, server} {
				c.SetReadDeadline(time.Now().Add(time.Minute))
				c.SetWriteDeadline(time.Now().Add(time.Minute))
				for _, d := range []*deadline{&c.in.readBy, &c.out.writeBy} {
					if d.timer.Stop() {
						t.Errorf("after %s a timer was still running", name)
					}
				}
				if b := c.in.buf; b.len() != 0 || b.small != nil || b.lent != nil {
					t.Errorf("after %s there is still a buffer with %d bytes", name, b.len())
				}
			}
		})
	}
}
