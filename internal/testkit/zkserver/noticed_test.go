package zkserver

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
)

// A connection counts until its client has closed it as well.
func TestNoticed(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // no file of such systems shows which ends are open
	}
	l := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	client := must.Get(net.Dial("tcp", l.Addr().String()))(t)
	defer client.Close()
	server := must.Get(l.Accept())(t)
	port := l.Addr().(*net.TCPAddr).Port
	if half(port) {
		t.Error("both ends are open")
	}
	server.Close()
	l.Close()
	buffer := make([]byte, 1)
	if _, err := client.Read(buffer); err == nil {
		t.Fatal("the server wrote something")
	}
	if !half(port) {
		t.Error("the client's end is open")
	}
	done := make(chan struct{})
	go func() {
		noticed(l.Addr().String())
		close(done)
	}()
	select {
	case <-done:
		t.Error("did not wait for the client")
	case <-time.After(20 * time.Millisecond):
	}
	client.Close()
	<-done
	if half(port) {
		t.Error("both ends are closed")
	}
}
