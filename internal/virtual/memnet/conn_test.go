package memnet

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// connect returns both ends of a connection, which is closed when the test ends.
func connect(t testing.TB) (client, server *Conn) {
	t.Helper()
	var n Network
	l := must.Get(n.Listen("zk1:2181"))(t)
	c := must.Get(n.DialTimeout("tcp", "zk1:2181", time.Second))(t)
	s := must.Get(l.Accept())(t)
	t.Cleanup(func() {
		c.Close()
		s.Close()
		l.Close()
	})
	return c.(*Conn), s.(*Conn)
}

func write(t testing.TB, c net.Conn, s string) {
	t.Helper()
	if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
		t.Errorf("wrote %d of %d bytes: %v", n, len(s), err)
	}
}

func read(t testing.TB, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("read %q and %v, want %q", b, err, want)
	}
}

// fails checks an error as callers do: by errors.Is and by net.Error.
func fails(t testing.TB, what string, err, want error) {
	t.Helper()
	var ne net.Error
	if !errors.Is(err, want) || !errors.As(err, &ne) {
		t.Errorf("%s: %v, want %v", what, err, want)
		return
	}
	if timeout := want == os.ErrDeadlineExceeded; ne.Timeout() != timeout {
		t.Errorf("%s: Timeout() is %v", what, !timeout)
	}
}

func inBubble(t *testing.T, f func(t *testing.T, client, server *Conn)) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connect(t)
		f(t, client, server)
	})
}

func TestStreamsBothWaysAtOnce(t *testing.T) {
	client, server := connect(t)
	var wg sync.WaitGroup
	for i, ends := range [][2]*Conn{{client, server}, {server, client}} {
		sent := make([]byte, 3<<20)
		random := rand.New(rand.NewPCG(1, uint64(i)))
		for i := range sent {
			sent[i] = byte(random.Uint32())
		}
		wg.Go(func() {
			for rest := sent; len(rest) > 0; {
				n, err := ends[0].Write(rest[:min(len(rest), 1+random.IntN(100_000))])
				if err != nil {
					t.Error(err)
				}
				rest = rest[n:]
			}
		})
		wg.Go(func() {
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(ends[1], got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("the bytes differ, error %v", err)
			}
		})
	}
	wg.Wait()
}

func TestPingPong(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		go io.Copy(server, server)
		for range 100 {
			write(t, client, "ping")
			read(t, client, "ping")
		}
		client.Close()
	})
}

// TestWriteBlocksWhenFull: the buffer has a limited size, and a waiting writer continues before all of
// the buffer was read.
func TestWriteBlocksWhenFull(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		full := string(bytes.Repeat([]byte("x"), bufferSize))
		write(t, client, full)
		blocked := true
		go func() {
			write(t, client, "y")
			blocked = false
		}()
		synctest.Wait()
		if !blocked {
			t.Error("more was written than there was room for")
		}
		read(t, server, full[:bufferSize/2])
		synctest.Wait()
		if blocked {
			t.Error("the writer waits although there is room")
		}
		read(t, server, full[:bufferSize/2]+"y")
	})
}

// TestWritesDoNotMix: the bytes of one Write stay in one piece. A Write that waits for room is not
// overtaken, even if there is enough room for another one by now.
func TestWritesDoNotMix(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		full := string(bytes.Repeat([]byte("x"), bufferSize))
		go write(t, client, full+"1")
		synctest.Wait()
		read(t, server, "xxx")
		go write(t, client, "22")
		synctest.Wait()
		read(t, server, full[3:]+"122")
	})
}

func TestReadAfterPeerClosed(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		write(t, server, "last words")
		server.Close()
		read(t, client, "last words")
		for range 2 {
			if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("read %d bytes and %v, want EOF", n, err)
			}
		}
		_, err := client.Write([]byte("anybody?"))
		fails(t, "write to a closed peer", err, syscall.EPIPE)
	})
}

func TestAfterClose(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		write(t, server, "unread")
		must.Do(t, client.Close())
		b := make([]byte, 1)
		_, err := client.Read(b)
		fails(t, "read", err, net.ErrClosed)
		_, err = client.Write(b)
		fails(t, "write", err, net.ErrClosed)
		fails(t, "close", client.Close(), net.ErrClosed)
		fails(t, "deadline", client.SetDeadline(time.Now()), net.ErrClosed)
		fails(t, "write deadline", client.SetWriteDeadline(time.Now()), net.ErrClosed)
		client.Reset()
		if _, err := server.Read(b); err != io.EOF {
			t.Errorf("the peer reads %v after a reset that came too late", err)
		}
	})
}

// blocked is a Read and a Write that wait on one end of a connection.
type blocked struct {
	wg                sync.WaitGroup
	readErr, writeErr error
	wrote             int
}

// block starts a Read and a Write that wait. The buffer has room for some bytes.
func block(c *Conn) *blocked {
	b := &blocked{}
	b.wg.Go(func() { _, b.readErr = c.Read(make([]byte, 1)) })
	b.wg.Go(func() { b.wrote, b.writeErr = c.Write(make([]byte, 2*bufferSize)) })
	synctest.Wait()
	return b
}

func (b *blocked) expect(t *testing.T, who string, read, write error) {
	t.Helper()
	b.wg.Wait()
	if read == io.EOF {
		if b.readErr != io.EOF {
			t.Errorf("%s reads %v, want EOF", who, b.readErr)
		}
	} else {
		fails(t, who+" reads", b.readErr, read)
	}
	fails(t, who+" writes", b.writeErr, write)
	if b.wrote != bufferSize {
		t.Errorf("%s wrote %d bytes, want %d", who, b.wrote, bufferSize)
	}
}

func TestCloseWakes(t *testing.T) {
	inBubble(t, func(t *testing.T, client, _ *Conn) {
		waiting := block(client)
		client.Close()
		waiting.expect(t, "the closed end", net.ErrClosed, net.ErrClosed)
	})
	inBubble(t, func(t *testing.T, client, server *Conn) {
		waiting := block(client)
		server.Close()
		waiting.expect(t, "the peer", io.EOF, syscall.EPIPE)
	})
}

func TestResetWakesBothEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		var waiting []*blocked
		for _, c := range []*Conn{client, server} {
			b := &blocked{wrote: bufferSize}
			b.wg.Go(func() { _, b.readErr = c.Read(make([]byte, 1)) })
			waiting = append(waiting, b)
		}
		synctest.Wait()
		server.Reset()
		for _, b := range waiting {
			b.wg.Wait()
			fails(t, "a waiting read", b.readErr, syscall.ECONNRESET)
		}
	})
	inBubble(t, func(t *testing.T, client, server *Conn) {
		waiting := block(client)
		server.Reset()
		waiting.expect(t, "the peer", syscall.ECONNRESET, syscall.ECONNRESET)
	})
}

func TestResetLosesUnreadBytes(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		write(t, client, "to the server")
		write(t, server, "to the client")
		server.Reset()
		for who, c := range map[string]*Conn{"client": client, "server": server} {
			_, err := c.Read(make([]byte, 1))
			fails(t, who+" reads", err, syscall.ECONNRESET)
			_, err = c.Write([]byte("x"))
			fails(t, who+" writes", err, syscall.ECONNRESET)
			if err := c.SetDeadline(time.Now()); err != nil {
				t.Errorf("%s sets a deadline: %v", who, err)
			}
			if err := c.Close(); err != nil {
				t.Errorf("%s closes: %v", who, err)
			}
			_, err = c.Read(make([]byte, 1))
			fails(t, who+" reads after close", err, net.ErrClosed)
		}
	})
}

func TestEmptyReadsAndWrites(t *testing.T) {
	inBubble(t, func(t *testing.T, client, server *Conn) {
		for range 2 {
			if n, err := client.Read(nil); n != 0 || err != nil {
				t.Errorf("read %d, %v", n, err)
			}
			if n, err := client.Write(nil); n != 0 || err != nil {
				t.Errorf("wrote %d, %v", n, err)
			}
			write(t, client, "something")
			write(t, server, "something")
		}
	})
}

// TestConcurrentMethods calls everything at once, for the race detector.
func TestConcurrentMethods(t *testing.T) {
	client, server := connect(t)
	go io.Copy(server, server)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { client.Read(make([]byte, 1000)) })
		wg.Go(func() { client.Write(make([]byte, 1000)) })
		wg.Go(func() { client.SetDeadline(time.Now().Add(10 * time.Millisecond)) })
		wg.Go(func() { client.SetReadDeadline(time.Now().Add(-time.Second)) })
		wg.Go(func() { client.SetWriteDeadline(time.Time{}) })
		wg.Go(func() { _, _ = client.LocalAddr(), client.RemoteAddr() })
	}
	wg.Go(func() { client.Reset() })
	wg.Go(func() { client.Close() })
	wg.Wait()
}
